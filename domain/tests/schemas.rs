//! `schemas/` tells other programs what every version of every event looks like. The files of today are those that the
//! types make. `UPDATE_SCHEMAS=1 cargo test -p domain --test schemas` writes new files and new descriptions; it does not
//! give a version that exists another shape.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "it is told to write by the environment; no rule is")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::schemas;
use serde_json::Value;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files(name: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder(name)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A schema without what it only says to people.
fn shape(schema: &Value) -> Value {
    match schema {
        Value::Object(entries) => {
            let is_prose = |name: &str, value: &Value| name == "description" && value.is_string();
            let entries = entries.iter().filter(|(name, value)| !is_prose(name, value));
            entries.map(|(name, value)| (name.clone(), shape(value))).collect()
        }
        Value::Array(entries) => entries.iter().map(shape).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

#[test]
fn the_shape_of_a_type_changes_with_a_new_version_alone() {
    for (name, schema) in schemas::current() {
        let made = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        let file = folder("schemas").join(&name);
        let kept = std::fs::read_to_string(&file).ok();
        if let Some(kept) = &kept {
            let kept = serde_json::from_str(kept).unwrap();
            assert_eq!(
                shape(&kept),
                shape(schema.as_value()),
                "{name} is published with another shape: give the event a new version (CONTRIBUTING.md, Change an event)"
            );
        }
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&file, &made).unwrap();
        } else {
            assert_eq!(kept.as_ref(), Some(&made), "{name} is not what the type makes: see the head of this file");
        }
    }
}

#[test]
fn every_stored_sample_fits_its_schema_and_no_other() {
    assert_eq!(files("samples"), files("schemas"), "one schema for each version there ever was");
    let samples: Vec<(String, Value)> = files("samples")
        .into_iter()
        .map(|name| {
            let text = std::fs::read_to_string(folder("samples").join(&name)).unwrap();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect();
    for name in schemas::names() {
        let schema: Value = serde_json::from_str(schemas::find(name).unwrap()).unwrap();
        assert_eq!(schema["$id"], format!("/schemas/{name}"));
        let validator = jsonschema::validator_for(&schema).unwrap();
        let event = |name: &str| name.rsplit_once(".v").map(|(event, _)| event.to_owned());
        // a version that adds what may be absent takes the payloads of the one before as well, and the other way round
        for (sample, payload) in samples.iter().filter(|(sample, _)| sample == name || event(sample) != event(name)) {
            assert_eq!(validator.is_valid(payload), sample == name, "the sample {sample} against the schema {name}");
        }
    }
}

#[test]
fn a_schema_notices_a_field_of_another_type() {
    let schema: Value = serde_json::from_str(schemas::find("claim.granted.v1.json").unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let sample = std::fs::read_to_string(folder("samples").join("claim.granted.v1.json")).unwrap();
    let changes: [(&str, Value); 5] = [
        ("/about/amount", 0.into()),
        ("/about/memberId", 7.into()),
        ("/decision/evaluatedAt", 0.into()),
        ("/decision/evidence/0/met", "yes".into()),
        ("/type", "claim.denied".into()),
    ];
    for (pointer, value) in changes {
        let mut payload: Value = serde_json::from_str(&sample).unwrap();
        *payload.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&payload), "{pointer}");
    }
}
