//! Names that travel: of kinds of activity and of measures.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A kind of activity or a measure: `[a-z][a-z0-9_.-]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// The text is not a name: `[a-z][a-z0-9_.-]{0,63}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is [a-z][a-z0-9_.-]{{0,63}}")]
pub struct NotAName;

impl Name {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// The activity kind of a log-in.
    #[must_use]
    pub fn login() -> Self {
        Self("login".to_owned())
    }

    /// The unit of value that is there from the start.
    #[must_use]
    pub(crate) fn points() -> Self {
        Self("points".to_owned())
    }

    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        let mut bytes = text.bytes();
        let starts_well = bytes.next().is_some_and(|first| first.is_ascii_lowercase());
        let goes_on_well =
            bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-'));
        if starts_well && goes_on_well && text.len() <= Self::MAX_CHARS { Ok(Self(text)) } else { Err(NotAName) }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[a-z][a-z0-9_.-]{0,63}$"})
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_names() {
        for good in ["a", "login", "pc_bang.login-2", &"a".repeat(64)] {
            assert!(Name::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "*", "Login", "1a", "_a", "ä", "a b", &"a".repeat(65)] {
            assert!(Name::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
