//! Puts the document together: what the operations said of themselves, the problems, the ways to
//! authenticate.

use aide::axum::ApiRouter;
use aide::generate::{in_context, reset_context};
use aide::openapi::OpenApi;
use axum::Router;
use axum::http::Method;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::Document;
use super::inputs::ID_IN_PATH;
use super::plain;
use super::refusals::{self, CODES};
use crate::app::problem::Code;
use crate::http::layers::route_limits::LimitsOfRoutes;
use crate::http::state::AppState;

/// Where an operation says what it asks of the layers, until the document is finished.
pub(super) const LIMITS: &str = "x-limits";
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// All routes with the document that describes them.
pub(super) fn of(routes: impl FnOnce() -> ApiRouter<AppState>) -> (Router<AppState>, Document, LimitsOfRoutes) {
    reset_context();
    in_context(|ctx| {
        // answers are what is serialized: a field that may be null is there all the same
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.contract = Contract::Serialize;
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        ctx.schema = settings.into_generator();
    });
    let mut document = OpenApi::default();
    let router = routes().finish_api(&mut document);
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let limits = take_limits(&mut document);
    (router, Document(finished(document).to_string().into()), limits)
}

/// Takes out what the routes ask of the layers.
fn take_limits(document: &mut Value) -> LimitsOfRoutes {
    let mut said = vec![];
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for name in METHODS {
            let limits =
                item.get_mut(name).and_then(Value::as_object_mut).and_then(|operation| operation.remove(LIMITS));
            let limits = limits.and_then(|limits| serde_json::from_value(limits).ok());
            if let (Some(limits), Ok(method)) = (limits, name.to_uppercase().parse::<Method>()) {
                said.push((path.clone(), method, limits));
            }
        }
    }
    LimitsOfRoutes::new(said)
}

/// Adds what is the same for all operations.
fn finished(mut document: Value) -> Value {
    document["info"] = json!({
        "title": "reward-ledger",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Events with conditions, rewards for those who meet them, and a log that proves every decision.",
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
    });
    let mut bodies = Map::new();
    if let Some(paths) = document["paths"].as_object_mut() {
        // what is served, but is no part of the API, leaves an empty place
        paths.retain(|_, item| METHODS.iter().any(|method| item.get(method).is_some()));
        for (path, item) in paths.iter_mut() {
            for method in METHODS {
                if let Some(operation) = item.get_mut(method) {
                    finish(path, operation, &mut bodies);
                }
            }
        }
    }
    let schemas = &mut document["components"]["schemas"];
    schemas["Problem"] = refusals::problem();
    schemas["FieldError"] = refusals::field_error();
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.extend(bodies);
        schemas.values_mut().for_each(plain::enums);
    }
    document["components"]["securitySchemes"] = json!({
        "accessToken": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The `accessToken` of a log-in; a service account has a key of its own instead.",
        },
        "refreshCookie": {
            "type": "apiKey", "in": "cookie", "name": "refreshToken",
            "description": "Set by a log-in; the body may carry the token instead.",
        },
    });
    document
}

fn finish(path: &str, operation: &mut Value, bodies: &mut Map<String, Value>) {
    let Some(operation) = operation.as_object_mut() else { return };
    // the first part of the path is the chapter
    operation.insert("tags".to_owned(), json!([path.trim_start_matches('/').split('/').next().unwrap_or_default()]));
    let is_id = operation.remove(ID_IN_PATH).is_some();
    let named: Vec<Value> = path_names(path).map(|name| path_parameter(name, is_id)).collect();
    if !named.is_empty() {
        // what the path names may not be there
        if let Some(codes) = operation.entry(CODES).or_insert_with(|| json!([])).as_array_mut() {
            codes.push(Code::NotFound.name().into());
        }
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Value::Array(parameters) = parameters {
            parameters.splice(0..0, named);
        }
    }
    let answers = refusals::answers(operation.remove(CODES));
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    for (status, answer) in answers {
        responses[status.to_string()] = answer;
    }
    name_body(operation, bodies);
}

fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str, is_id: bool) -> Value {
    let schema = if is_id { json!({"type": "string", "format": "uuid"}) } else { json!({"type": "string"}) };
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

/// A body gets a name, since clients in typed languages need one: that of its operation.
fn name_body(operation: &mut Map<String, Value>, bodies: &mut Map<String, Value>) {
    let Some(id) = operation.get("operationId").and_then(Value::as_str) else { return };
    let mut letters = id.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let name = format!("{first}{}Body", letters.as_str());
    let schema =
        operation.get_mut("requestBody").and_then(|body| body.pointer_mut("/content/application~1json/schema"));
    if let Some(schema) = schema {
        bodies.insert(name.clone(), schema.take());
        *schema = json!({"$ref": format!("#/components/schemas/{name}")});
    }
}
