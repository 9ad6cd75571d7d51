//! The codes that an operation can answer with. They are collected while the operation is described,
//! and become one problem answer a status, whose `code` is one of exactly these.

use std::collections::BTreeMap;

use aide::openapi::Operation;
use axum::http::StatusCode;
use domain::claim::DenialReason;
use serde_json::{Map, Value, json};

use crate::app::problem::{Code, MAX_ERRORS};

/// Where an operation keeps its codes until the document is written.
pub(super) const CODES: &str = "x-codes";

/// What every operation can answer with.
const ALWAYS: &[Code] = &[Code::RateLimited, Code::Overloaded, Code::Unavailable, Code::Internal];

/// Adds codes to an operation.
pub fn refuse(operation: &mut Operation, codes: &[Code]) {
    let listed = operation.extensions.entry(CODES.to_owned()).or_insert_with(|| json!([]));
    if let Value::Array(listed) = listed {
        listed.extend(codes.iter().map(|code| Value::from(code.name())));
    }
}

/// The answers of the codes that were collected, by status.
pub(super) fn answers(collected: Option<Value>) -> BTreeMap<u16, Value> {
    let named: Vec<Value> = collected.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let is_named = |code: &Code| named.iter().any(|name| name == code.name());
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| ALWAYS.contains(code) || is_named(code)) {
        by_status.entry(code.status().as_u16()).or_default().push(*code);
    }
    by_status.into_iter().map(|(status, codes)| (status, answer(status, &codes))).collect()
}

fn answer(status: u16, codes: &[Code]) -> Value {
    let names: Vec<_> = codes.iter().map(|code| code.name()).collect();
    let sentences: Vec<_> = codes.iter().map(|code| format!("`{}`: {}", code.name(), code.title())).collect();
    let mut properties =
        json!({"status": {"type": "integer", "enum": [status]}, "code": {"type": "string", "enum": names}});
    if codes.iter().any(|code| is_denial(*code))
        && let Some(properties) = properties.as_object_mut()
    {
        properties.extend(of_denial());
    }
    let schema = json!({"allOf": [
        {"$ref": "#/components/schemas/Problem"},
        {"type": "object", "properties": properties},
    ]});
    let mut answer = json!({
        "description": sentences.join("  \n"),
        "content": {"application/problem+json": {"schema": schema}},
    });
    let header = match StatusCode::from_u16(status) {
        Ok(StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => {
            Some(("Retry-After", json!({"type": "integer", "minimum": 0}), "Seconds to wait before asking again"))
        }
        Ok(StatusCode::UNAUTHORIZED) => Some(("WWW-Authenticate", json!({"type": "string"}), "How to authenticate")),
        _ => None,
    };
    if let Some((name, schema, description)) = header {
        answer["headers"] = json!({name: {"description": description, "schema": schema}});
    }
    answer
}

/// Whether an attempt to claim that is refused so is recorded, with how its condition was judged.
fn is_denial(code: Code) -> bool {
    DenialReason::ALL.into_iter().any(|reason| Code::from(reason) == code)
}

/// What a recorded refusal says besides its code.
fn of_denial() -> Map<String, Value> {
    let about = [
        ("claimId", json!({"type": "string", "format": "uuid"})),
        ("position", json!({"type": ["integer", "null"], "format": "int64"})),
        ("evidence", json!({"type": "array", "items": {"$ref": "#/components/schemas/LeafEvidence"}})),
        ("conditionVersion", json!({"type": "integer", "format": "uint32", "minimum": 0})),
        ("factsPosition", json!({"type": "integer", "format": "int64"})),
        ("evaluatedAt", json!({"type": "string", "format": "date-time"})),
        ("timeZone", json!({"type": "string"})),
        ("dryRun", json!({"type": "boolean"})),
    ];
    about.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// The schema of every problem.
pub(super) fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A problem document (RFC 9457). Some codes carry further values, such as `claimId` or `evidence`.",
        "required": ["type", "title", "status", "detail", "instance", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference", "description": "Where the code is described"},
            "title": {"type": "string", "description": "The meaning of the code, in the language of the caller"},
            "status": {"type": "integer", "description": "The HTTP status"},
            "detail": {"type": "string", "description": "More about this occurrence"},
            "instance": {"type": "string", "format": "uri-reference", "description": "The request"},
            "code": {"type": "string", "description": "The code, for programs"},
            "errors": {"type": "array", "maxItems": MAX_ERRORS, "items": {"$ref": "#/components/schemas/FieldError"}},
        },
    })
}

/// The schema of a field that breaks a rule.
pub(super) fn field_error() -> Value {
    json!({
        "type": "object",
        "required": ["field", "rule", "message"],
        "properties": {
            "field": {"type": "string", "description": "Where, as `condition.all[0].streak.days` or `query.limit`"},
            "rule": {"type": "string", "description": "The name of the rule, for programs"},
            "message": {"type": "string", "description": "The rule in words"},
        },
    })
}
