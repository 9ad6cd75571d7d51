use std::collections::BTreeSet;

use serde_json::Value;

use super::described;
use crate::app::problem::Code;
use crate::routes;

fn document() -> Value {
    serde_json::from_slice(described(routes::router).1.as_bytes()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(|(method, operation)| (format!("{method} {path}"), operation.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_operation_has_a_name_of_its_own_a_sentence_and_an_answer() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let mut ids = BTreeSet::new();
    for (at, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at} is not `named`"));
        assert!(ids.insert(id.to_owned()), "{at}: {id} is taken");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{at}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{at} `answers` nothing");
        assert!(operation.as_object().unwrap().keys().all(|key| !key.starts_with("x-")), "{at} keeps notes");
    }
    assert!(ids.len() > 30, "{ids:?}");
}

#[test]
fn every_parameter_of_a_path_is_described_and_every_reference_leads_somewhere() {
    let document = document();
    for (at, operation) in operations(&document) {
        let described = |name: &str| {
            let parameters = operation["parameters"].as_array().unwrap();
            parameters.iter().any(|parameter| parameter["in"] == "path" && parameter["name"] == name)
        };
        for part in at.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            assert!(described(part), "{at}: {part}");
        }
    }
    let mut values = vec![&document];
    while let Some(value) = values.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                values.extend(fields.values());
            }
            Value::Array(items) => values.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Names that generated clients cannot use as they are: every language has its own list, or file, or map.
const OF_LANGUAGES: [&str; 8] = ["Error", "File", "List", "Map", "Object", "Result", "Set", "String"];

#[test]
fn every_schema_has_a_name_of_its_own_that_a_client_can_use() {
    let document = document();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        // two types of one name are told apart by a number
        assert!(!name.ends_with(|last: char| last.is_ascii_digit()), "{name}: give it another by `schemars(rename)`");
        assert!(!OF_LANGUAGES.contains(&name.as_str()), "{name} is something else in other languages");
    }
}

/// What the document cannot say of any operation: a method that is none.
const OF_NO_OPERATION: [&str; 1] = ["method_not_allowed"];

#[test]
fn every_code_is_one_of_some_operation() {
    let mut declared = BTreeSet::new();
    for (_, operation) in operations(&document()) {
        for answer in operation["responses"].as_object().unwrap().values() {
            let schema = &answer["content"]["application/problem+json"]["schema"];
            let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array().into_iter().flatten();
            declared.extend(codes.map(|code| code.as_str().unwrap().to_owned()));
        }
    }
    let missing: Vec<_> = Code::ALL.iter().map(|code| code.name()).filter(|name| !declared.contains(*name)).collect();
    assert_eq!(missing, OF_NO_OPERATION, "some operation `refuses` with each code");
}

#[test]
fn what_a_request_may_hold_is_what_is_read() {
    let document = document();
    let body = &document["components"]["schemas"]["SignUpBody"];
    assert_eq!(body["required"], serde_json::json!(["email", "password", "birthDate"]));
    assert_eq!(body["additionalProperties"], false);
    assert_eq!(body["properties"]["email"]["maxLength"], 254);
    let create = &document["paths"]["/events"]["post"];
    assert_eq!(create["security"], serde_json::json!([{"accessToken": []}]));
    for (status, code) in
        [("400", "malformed_json"), ("401", "unauthenticated"), ("403", "forbidden"), ("409", "event_name_taken")]
    {
        let schema = &create["responses"][status]["content"]["application/problem+json"]["schema"];
        let codes = schema["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
        assert!(codes.iter().any(|listed| listed == code), "{status}: {schema}");
    }
}
