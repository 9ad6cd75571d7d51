//! The shape of a condition for other programs, as JSON Schema: of stored conditions, and of those in answers.
//! What a schema cannot say (depth, number of leaves) stays with `parse`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{Condition, MAX_DAYS, MAX_MEASURE};
use crate::quantity::MAX_COUNT;

impl JsonSchema for Condition {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let part = Value::from(generator.subschema_for::<Self>());
        let parts = json!({"type": "array", "items": part, "minItems": 1});
        let nodes: Vec<Value> = [node("all", &parts), node("any", &parts), node("not", &part)]
            .into_iter()
            .chain(leaves().into_iter().map(|(name, required, fields)| node(name, &leaf(name, required, fields))))
            .collect();
        json_schema!({"description": "One node of a condition: it has exactly one key.", "oneOf": nodes})
    }
}

fn node(name: &str, body: &Value) -> Value {
    json!({"type": "object", "required": [name], "properties": {name: body}, "additionalProperties": false})
}

fn leaf(name: &str, required: &[&str], fields: &[&str]) -> Value {
    let properties: Map<String, Value> =
        required.iter().chain(fields).map(|name| ((*name).to_owned(), field(name))).collect();
    let mut body = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        body["required"] = json!(required);
    }
    if name == "activeDays" {
        body["properties"]["kind"] = json!({"anyOf": [field("kind"), {"const": "*"}]});
    }
    body
}

type Leaf = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Every leaf with the fields that it must and may have.
fn leaves() -> [Leaf; 10] {
    [
        ("streak", &["kind", "days"], &["since"]),
        ("activeDays", &["kind", "days"], &["within", "since"]),
        ("count", &["kind", "count"], &["within", "since"]),
        ("total", &["kind", "measure", "total"], &["within", "since"]),
        ("referrals", &["count"], &["since"]),
        ("profileComplete", &[], &[]),
        ("birthday", &[], &[]),
        ("joinAnniversary", &[], &[]),
        ("joined", &[], &["within", "from", "to"]),
        ("cel", &["expression"], &[]),
    ]
}

fn field(name: &str) -> Value {
    match name {
        "kind" | "measure" => json!({"type": "string", "pattern": "^[a-z][a-z0-9_.-]{0,63}$"}),
        "days" => json!({"type": "integer", "minimum": 1, "maximum": MAX_DAYS}),
        "count" => json!({"type": "integer", "minimum": 1, "maximum": MAX_COUNT}),
        "total" => json!({"type": "integer", "minimum": 1, "maximum": MAX_MEASURE}),
        "within" => json!({"type": "string", "pattern": "^[1-9][0-9]{0,3}d$"}),
        "since" => json!({"anyOf": [{"type": "string", "format": "date"}, {"const": "eventStart"}]}),
        "from" | "to" => json!({"type": "string", "format": "date"}),
        _ => json!({"type": "string"}),
    }
}
