//! The shape of a report: its fields and their types. `check` validates the values.

use std::collections::BTreeMap;

use domain::activity::MAX_MEASURES;
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::app::input::fields::{Broken, Fields, FromFields, Reader as _, reader, readers};
use crate::app::problem::{FieldErrors, Problem};

/// A report as it arrives, not validated yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RawActivity {
    /// The source.
    pub source: String,
    /// The source's id of the activity.
    pub id: String,
    /// The member.
    pub member_id: String,
    /// The kind of activity.
    pub kind: String,
    /// When it occurred, by the source's clock, with its offset.
    pub occurred_at: String,
    /// The zone of its calendar day, if the source knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Measures: whole numbers by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, i64>,
}

impl FromFields for RawActivity {
    fn read(fields: &mut Fields) -> Option<Self> {
        let source = fields.required("source", readers::string().shown_as(readers::source()));
        let id = fields.required("id", readers::string().shown_as(readers::external_id()));
        let member_id = fields.required("memberId", readers::string().shown_as(readers::id::<Uuid>()));
        let kind = fields.required("kind", readers::string().shown_as(readers::name()));
        let occurred_at = fields.required("occurredAt", readers::string().shown_as(readers::instant()));
        let time_zone = fields.nullable("timeZone", readers::string().shown_as(readers::zone()));
        let measures = measures(fields);
        Some(Self {
            source: source?,
            id: id?,
            member_id: member_id?,
            kind: kind?,
            occurred_at: occurred_at?,
            time_zone: time_zone?,
            measures: measures?,
        })
    }
}

impl RawActivity {
    /// Reads a report from JSON text.
    ///
    /// # Errors
    /// `malformed_json`, or `validation_failed` with all violations.
    pub fn from_json(text: &[u8]) -> Result<Self, Problem> {
        crate::app::input::fields::read_body(crate::app::input::json::parse(text)?)
    }

    /// Reads a report that is an item of a list.
    ///
    /// # Errors
    /// All violations.
    pub fn from_value(value: Value) -> Result<Self, FieldErrors> {
        crate::app::input::fields::read(value, "")
    }
}

fn measures(fields: &mut Fields) -> Option<BTreeMap<String, i64>> {
    let object = reader(described, |value| match value {
        // every field is read before the first is used, so that all violations are reported
        Value::Object(map) if map.len() > MAX_MEASURES => {
            Err(Broken::new("length", format!("must have at most {MAX_MEASURES} measures")))
        }
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Broken::wrong_type("an object"))
        }
    });
    let Some(values) = fields.nullable("measures", object)? else { return Some(BTreeMap::new()) };
    let mut measures = BTreeMap::new();
    let count = values.len();
    for (name, value) in values {
        match readers::number(i64::MIN, i64::MAX).read(value) {
            Ok(number) => drop(measures.insert(name, number)),
            Err(broken) => fields.report(&format!("measures.{name}"), broken),
        }
        if fields.is_full() {
            break;
        }
    }
    (measures.len() == count).then_some(measures)
}

fn described(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = generator.subschema_for::<BTreeMap<String, i64>>();
    schema.insert("maxProperties".to_owned(), MAX_MEASURES.into());
    schema
}
