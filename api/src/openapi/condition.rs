//! The schema of conditions, by hand: the rules for them are the domain's, which knows no schema of
//! requests. What a schema cannot say (depth, number of leaves) is in its words.

use std::borrow::Cow;

use domain::condition::{MAX_DAYS, MAX_DEPTH, MAX_LEAVES, MAX_MEASURE};
use domain::quantity::MAX_COUNT;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

const SHORTHANDS: [&str; 8] = [
    "DAILY_LOGIN_7_DAYS",
    "REFER_3_FRIENDS",
    "COMPLETE_PROFILE",
    "WRITE_REVIEW",
    "SUBMIT_FEEDBACK",
    "COMPLETE_TUTORIAL",
    "BIRTHDAY_LOGIN",
    "ANNIVERSARY_LOGIN",
];

/// A condition as it may be sent: a shorthand or a tree.
#[derive(Debug)]
pub struct ConditionInput;

impl JsonSchema for ConditionInput {
    fn schema_name() -> Cow<'static, str> {
        "ConditionInput".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let tree = generator.subschema_for::<ConditionNode>();
        json_schema!({
            "description": format!(
                "A shorthand, or a tree no deeper than {MAX_DEPTH} (a lone leaf is 1) with at most {MAX_LEAVES} leaves."
            ),
            "oneOf": [{"type": "string", "enum": SHORTHANDS}, tree],
        })
    }
}

/// A condition as it is answered: always the tree.
#[derive(Debug)]
pub struct ConditionNode;

impl JsonSchema for ConditionNode {
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
