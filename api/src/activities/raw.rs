//! The shape of a report: its fields and their types, and where a report departs from them. Whether the
//! values keep the rules is not known here.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::FieldProblem;

/// The rule that a text breaks which is no JSON at all.
pub const NOT_JSON: &str = "json";

/// A report as it arrives. Texts that are missing are empty here and refused by [`check`](super::check).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawActivity {
    /// Who reports.
    #[serde(default)]
    pub source: String,
    /// The source's own id of the fact.
    #[serde(default)]
    pub id: String,
    /// Whom it is about.
    #[serde(default)]
    pub member_id: String,
    /// What kind of thing the member did.
    #[serde(default)]
    pub kind: String,
    /// When, by the source's clock, with its offset.
    #[serde(default)]
    pub occurred_at: String,
    /// In which zone the calendar day is to be taken, if the source knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Whole numbers that came with it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "each_once")]
    pub measures: BTreeMap<String, i64>,
}

impl RawActivity {
    /// Reads a report from JSON text.
    ///
    /// # Errors
    /// The first part that does not have the shape of a report; the rule `json` where it is no JSON.
    pub fn from_json(text: &[u8]) -> Result<Self, FieldProblem> {
        let mut reader = serde_json::Deserializer::from_slice(text);
        let read: Result<Object, _> = serde_path_to_error::deserialize(&mut reader);
        match read {
            Err(error) if !error.inner().is_data() => Err(FieldProblem::new("body", NOT_JSON, error.into_inner())),
            Err(error) => Err(misshapen(error)),
            Ok(Object(report)) => {
                reader.end().map(|()| report).map_err(|error| FieldProblem::new("body", NOT_JSON, error))
            }
        }
    }

    /// Reads a report from a value that is JSON already, such as an item of a batch.
    ///
    /// # Errors
    /// The first part that does not have the shape of a report.
    pub fn from_value(value: &Value) -> Result<Self, FieldProblem> {
        serde_path_to_error::deserialize(value).map(|Object(report)| report).map_err(misshapen)
    }
}

fn misshapen(error: serde_path_to_error::Error<serde_json::Error>) -> FieldProblem {
    let path = error.path().to_string();
    let field = if path == "." { "body" } else { &path };
    FieldProblem::new(field, "shape", error.inner())
}

/// A report is an object; what serde derives would take a list of its values as well.
struct Object(RawActivity);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnObject;
        impl<'de> Visitor<'de> for AnObject {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Object, A::Error> {
                RawActivity::deserialize(MapAccessDeserializer::new(entries)).map(Object)
            }
        }
        deserializer.deserialize_map(AnObject)
    }
}

/// A map whose keys are there once.
fn each_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, i64>, D::Error> {
    struct EachOnce;
    impl<'de> Visitor<'de> for EachOnce {
        type Value = BTreeMap<String, i64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("whole numbers by name")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut measures = BTreeMap::new();
            while let Some((name, value)) = entries.next_entry::<String, i64>()? {
                if measures.insert(name, value).is_some() {
                    return Err(A::Error::custom("a measure must not be there twice"));
                }
            }
            Ok(measures)
        }
    }
    deserializer.deserialize_map(EachOnce)
}
