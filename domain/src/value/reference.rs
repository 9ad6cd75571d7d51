//! What a caller calls something of its own: together with the caller it makes an id, so that asking twice is asking once.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A caller's own name for a payment, a refund, a transfer or a redemption: 1 to 128 characters, none of them a control.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// The text is not a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 128 characters, none of them a control character")]
pub struct NotAReference;

impl Reference {
    /// The longest reference, in characters.
    pub const MAX_CHARS: usize = 128;

    /// The text of the reference.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = NotAReference;

    fn try_from(text: String) -> Result<Self, NotAReference> {
        let fits = !text.is_empty() && text.chars().count() <= Self::MAX_CHARS;
        if fits && !text.chars().any(char::is_control) { Ok(Self(text)) } else { Err(NotAReference) }
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Reference {
    fn schema_name() -> Cow<'static, str> {
        "Reference".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": 128})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_from_1_to_128_visible_characters() {
        for good in ["order-1", "주문 7", &"가".repeat(128)] {
            assert!(Reference::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "a\u{7}", &"a".repeat(129)] {
            assert_eq!(Reference::try_from(bad.to_owned()), Err(NotAReference), "{bad:?}");
        }
    }
}
