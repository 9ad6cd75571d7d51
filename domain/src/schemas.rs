//! The shapes of all events there ever were, for other programs: JSON Schema, one file for each version of an
//! event in `schemas/`, served and named by published messages. Those of today are made from the types, and a
//! test holds the files to them; those of older versions stay as they are.

use std::fmt::Display;

use include_dir::{Dir, include_dir};
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::json;

use crate::event;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");

/// The names of all files, sorted.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = FILES.files().filter_map(|file| file.path().to_str()).collect();
    names.sort_unstable();
    names
}

/// One file, such as `claim.granted.v1.json`.
#[must_use]
pub fn find(name: &str) -> Option<&'static str> {
    FILES.get_file(name)?.contents_utf8()
}

/// The name of the file for a version of an event.
#[must_use]
pub fn file_name(event_type: &str, version: impl Display) -> String {
    format!("{event_type}.v{version}.json")
}

/// The shapes of today: name of the file and schema.
#[must_use]
pub fn current() -> Vec<(String, Schema)> {
    event::types().map(|one| (file_name(one.name, one.version), (one.schema)(one.name, one.version))).collect()
}

/// The schema of the current version of one event: its fields and the name it bears.
pub(crate) fn of_event<T: JsonSchema>(name: &str, version: usize) -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), format!("/schemas/{}", file_name(name, version)).into());
    schema.insert("title".to_owned(), name.into());
    let mut properties = schema.remove("properties").unwrap_or_else(|| json!({}));
    properties["type"] = json!({"const": name});
    schema.insert("properties".to_owned(), properties);
    let mut required = vec![json!("type")];
    required.extend(schema.remove("required").and_then(|names| names.as_array().cloned()).unwrap_or_default());
    schema.insert("required".to_owned(), required.into());
    schema
}
