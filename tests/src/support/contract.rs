//! The API document as a judge: every answer that a test gets of the service is held to what the document says of it, status,
//! media type and schema. What the document does not know (another method, no such route) is not judged here.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::{Registry, Resource, Validator};
use reqwest::Method;
use serde_json::{Value, json};

use super::Answer;

const DOCUMENT: &str = "urn:openapi";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What the service of these sources says of itself; the served document is compared with it in a test.
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| Contract::of(document()));

/// The document as the sources make it.
pub fn document() -> Value {
    let (_, document, _) = api::http::openapi::described(api::routes::router);
    serde_json::from_slice(document.as_bytes()).expect("the document is JSON")
}

/// One operation of the document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// The method in small letters.
    pub method: String,
    /// The path with its parameters, such as `/events/{id}`.
    pub path: String,
}

struct Contract {
    document: Value,
    registry: Registry<'static>,
    operations: Vec<Operation>,
    /// By pointer to the schema; compiled when it is asked for first.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// All operations of the document.
pub fn operations() -> &'static [Operation] {
    &CONTRACT.operations
}

/// The operation that a request is, if the document knows one.
pub fn operation(method: &Method, path: &str) -> Option<&'static Operation> {
    let path = path.split('?').next().unwrap_or_default();
    // `/claims/me` before `/claims/{id}`, also for a method that it does not know
    let of_path =
        CONTRACT.operations.iter().filter_map(|operation| Some((literal_parts(&operation.path, path)?, operation)));
    let (most, _) = of_path.clone().max_by_key(|(literal, _)| *literal)?;
    let mut nearest = of_path.filter(|(literal, _)| *literal == most).map(|(_, operation)| operation);
    nearest.find(|operation| operation.method.eq_ignore_ascii_case(method.as_str()))
}

/// How many parts of the path are those of the template; none when it is not its path.
fn literal_parts(template: &str, path: &str) -> Option<usize> {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    let mut literal = 0;
    loop {
        match (template.next(), path.next()) {
            (None, None) => return Some(literal),
            (Some(parameter), Some(part)) if parameter.starts_with('{') && !part.is_empty() => {}
            (Some(wanted), Some(part)) if wanted == part => literal += 1,
            _ => return None,
        }
    }
}

/// What is wrong with an answer, in one line; none when it is as the document says.
pub fn surprise(operation: &Operation, answer: &Answer) -> Option<String> {
    let told = |what: String| Some(format!("{} {}: {what}", operation.method, operation.path));
    let responses = &CONTRACT.document["paths"][&operation.path][&operation.method]["responses"];
    let Some(response) = responses.get(answer.status.to_string()) else {
        return told(format!("the document knows no status {}", answer.status));
    };
    let Some(content) = response.get("content").and_then(Value::as_object) else {
        return if answer.bytes.is_empty() { None } else { told("a body where the document has none".to_owned()) };
    };
    let media = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !content.contains_key(media) {
        return told(format!("{} as {media:?}, which the document does not know", answer.status));
    }
    let pointer =
        ["paths", &operation.path, &operation.method, "responses", &answer.status.to_string(), "content", media];
    let pointer: String =
        pointer.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect();
    let validator = CONTRACT.validator(&format!("{pointer}/schema"));
    let error = validator.iter_errors(&answer.json).next()?;
    told(format!("{} {error} at {}", answer.status, error.instance_path()))
}

impl Contract {
    fn of(document: Value) -> Contract {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            let methods = METHODS.into_iter().filter(|method| item.get(method).is_some());
            operations.extend(methods.map(|method| Operation { method: method.to_owned(), path: path.clone() }));
        }
        let resource = Resource::from_contents(document.clone());
        let registry = Registry::new().add(DOCUMENT, resource).and_then(|registry| registry.prepare());
        Contract {
            document,
            registry: registry.expect("the document as a resource"),
            operations,
            validators: Mutex::default(),
        }
    }

    fn validator(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let made = validators.entry(pointer.to_owned()).or_insert_with(|| {
            let schema = json!({"$ref": format!("{DOCUMENT}#{}", encoded(pointer))});
            let options = jsonschema::options().with_registry(&self.registry).should_validate_formats(true).offline();
            Arc::new(options.build(&schema).unwrap_or_else(|error| panic!("{pointer}: {error}")))
        });
        made.clone()
    }
}

/// A pointer as the fragment of an address.
fn encoded(pointer: &str) -> String {
    pointer.replace('%', "%25").replace('{', "%7B").replace('}', "%7D").replace('+', "%2B")
}
