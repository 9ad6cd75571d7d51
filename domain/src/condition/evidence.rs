//! What a condition needed and what it saw, leaf by leaf: stored with every decision, so that it can
//! be explained and decided again.

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::cel::CelError;
use crate::name::Name;
use crate::quantity::EXACT;

/// What one leaf needed and saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeafEvidence {
    /// Where the leaf stands in the tree: `all[0]`, below a `not` `….not`; empty for a lone leaf.
    pub path: String,
    /// The kind of question, such as `streak`.
    pub leaf: String,
    /// The kind of activity it is about (`*`: any), where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The measure that is summed, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Name>,
    /// What was asked for.
    pub need: Seen,
    /// What was found: the true value, never cut at `need`.
    pub have: Seen,
    /// Whether this leaf by itself was met; a `not` above it does not turn it.
    pub met: bool,
    /// The date that counted, where a day of the year was met: the member's, in the member's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_date: Option<NaiveDate>,
    /// Why an expression has no value; it is then not met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<CelError>,
}

/// A number or a yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// For questions that are met or not.
    Flag(bool),
    /// A count or a sum. JSON: a number; beyond ±2⁵³ its decimal digits as a string.
    Number(i128),
}

impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => match i64::try_from(*number) {
                Ok(number) if (-EXACT..=EXACT).contains(&number) => serializer.serialize_i64(number),
                Ok(_) | Err(_) => serializer.collect_str(number),
            },
        }
    }
}

impl JsonSchema for Seen {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // numbers first: clients that try one after the other may take a number for a yes
        json_schema!({"anyOf": [{"type": "integer", "format": "int64"}, {"type": "boolean"}, {"type": "string", "pattern": "^-?[0-9]+$"}]})
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Seen;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a boolean, a whole number or its digits")
            }
            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Seen, E> {
                Ok(Seen::Flag(flag))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Seen, E> {
                Ok(Seen::Number(number.into()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Seen, E> {
                Ok(Seen::Number(number.into()))
            }
            fn visit_str<E: de::Error>(self, digits: &str) -> Result<Seen, E> {
                digits.parse().map(Seen::Number).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
