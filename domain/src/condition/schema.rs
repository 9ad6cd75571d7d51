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

    /// An object with one of many fields, and not a choice of objects: clients in typed languages then get one class
    /// with a field for each kind of node, instead of as many classes without a name.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let part = Value::from(generator.subschema_for::<Self>());
        let parts = json!({"type": "array", "items": part, "minItems": 1});
        let mut nodes = Map::from_iter(
            [("all", &parts), ("any", &parts), ("not", &part)].map(|(name, node)| (name.to_owned(), node.clone())),
        );
        for (name, required, fields) in leaves() {
            nodes.insert(name.to_owned(), named(generator, name, leaf(name, required, fields)));
        }
        json_schema!({
            "description": "One node of a condition: it has exactly one key.",
            "type": "object",
            "properties": nodes,
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        })
    }
}

/// A leaf stands among the named schemas: `StreakLeaf`.
fn named(generator: &mut SchemaGenerator, leaf: &str, schema: Value) -> Value {
    let mut letters = leaf.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let name = format!("{first}{}Leaf", letters.as_str());
    let reference = format!("#{}/{name}", generator.settings().definitions_path);
    generator.definitions_mut().insert(name, schema);
    json!({"$ref": reference})
}

fn leaf(name: &str, required: &[&str], fields: &[&str]) -> Value {
    let properties: Map<String, Value> =
        required.iter().chain(fields).map(|name| ((*name).to_owned(), field(name))).collect();
    let mut body = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        body["required"] = json!(required);
    }
    if name == "activeDays" {
        body["properties"]["kind"] = json!({"type": "string", "pattern": "^([a-z][a-z0-9_.-]{0,63}|\\*)$"});
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
        "days" => json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": MAX_DAYS}),
        "count" => json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": MAX_COUNT}),
        "total" => json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_MEASURE}),
        "within" => json!({"type": "string", "pattern": "^[1-9][0-9]{0,3}d$"}),
        "since" => json!({"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2}|eventStart)$"}),
        "from" | "to" => json!({"type": "string", "format": "date"}),
        _ => json!({"type": "string"}),
    }
}
