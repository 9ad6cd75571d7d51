//! The schema of a condition as it may be sent. What a schema cannot say (depth, number of leaves) is in its
//! words; the tree itself is the domain's.

use std::borrow::Cow;

use domain::condition::{Condition, MAX_DEPTH, MAX_EXPRESSION_CHARS, MAX_LEAVES};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

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
        let tree = generator.subschema_for::<Condition>();
        json_schema!({
            "description": format!(
                "A shorthand, or a tree no deeper than {MAX_DEPTH} (a lone leaf is 1) with at most {MAX_LEAVES} leaves, whose \
                 expressions have at most {MAX_EXPRESSION_CHARS} characters together."
            ),
            "oneOf": [{"type": "string", "enum": SHORTHANDS}, tree],
        })
    }
}
