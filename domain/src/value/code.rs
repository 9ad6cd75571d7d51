//! How units of value are called. A programme's own units are written in lower case, currencies in upper case, so that one
//! text says which it is.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::name::Name;

/// The code of a programme's own unit, such as `points`: a [`Name`], apart from those that mean something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitCode(Name);

/// The text is not the code of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAUnitCode {
    /// It is not even a name.
    #[error("must be [a-z][a-z0-9_.-]{{0,63}}")]
    NotAName,
    /// Budgets count grants under this name.
    #[error("`grants` is no unit: budgets count grants under this name")]
    Reserved,
}

impl UnitCode {
    /// What budgets call a number of grants.
    pub const RESERVED: &'static str = "grants";
    /// The unit that is there from the start.
    pub const POINTS: &'static str = "points";

    /// The unit that is there from the start, and is meant where none is named.
    #[must_use]
    pub fn points() -> Self {
        Self(Name::points())
    }

    /// The text of the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for UnitCode {
    type Error = NotAUnitCode;

    fn try_from(text: String) -> Result<Self, NotAUnitCode> {
        let name = Name::try_from(text).map_err(|_| NotAUnitCode::NotAName)?;
        if name.as_str() == Self::RESERVED { Err(NotAUnitCode::Reserved) } else { Ok(Self(name)) }
    }
}

impl From<UnitCode> for String {
    fn from(code: UnitCode) -> Self {
        code.0.into()
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for UnitCode {
    fn schema_name() -> Cow<'static, str> {
        "UnitCode".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Name::json_schema(generator)
    }
}

/// A currency by its three letters, such as `KRW`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The text is not a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be three upper-case letters, such as KRW")]
pub struct NotACurrency;

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(text: String) -> Result<Self, NotACurrency> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotACurrency)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(NotACurrency) }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0.map(char::from).into_iter().collect()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Z]{3}$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_written_in_lower_case_and_currencies_in_upper_case() {
        assert_eq!(UnitCode::points(), UnitCode::try_from("points".to_owned()).unwrap());
        assert_eq!(UnitCode::try_from("Points".to_owned()), Err(NotAUnitCode::NotAName));
        assert_eq!(UnitCode::try_from("grants".to_owned()), Err(NotAUnitCode::Reserved));
        assert_eq!(Currency::try_from("KRW".to_owned()).unwrap().to_string(), "KRW");
        for bad in ["krw", "KR", "KRWW", "K1W", "ÄÖ", ""] {
            assert_eq!(Currency::try_from(bad.to_owned()), Err(NotACurrency), "{bad}");
        }
    }
}
