//! Every operation of the API document, with what it says of itself.

use std::fmt::Write as _;

use serde_json::Value;

use super::{cell, holds};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[test]
fn the_routes_reference_has_every_operation() {
    let (_, document, _) = api::http::openapi::described(api::routes::router);
    let document: Value = serde_json::from_slice(document.as_bytes()).unwrap();
    let mut made = String::from("| call | what it does |\n|---|---|\n");
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(summary) = operations[method]["summary"].as_str() else { continue };
            writeln!(made, "| `{} {path}` | {} |", method.to_uppercase(), cell(summary)).unwrap();
        }
    }
    holds("docs/reference/routes.md", "routes", &made);
}
