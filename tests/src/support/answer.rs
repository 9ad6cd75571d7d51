//! One answer of the service, kept whole, with the assertions that tests are written in.

use std::path::PathBuf;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::service::tail;

/// Status, headers and body of an answer, and what was asked.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes of the body.
    pub bytes: Vec<u8>,
    /// The body as JSON; null when it is none.
    pub json: Value,
    pub(crate) asked: String,
    pub(crate) log: PathBuf,
}

impl Answer {
    /// The body, if the status is this one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Value {
        if self.status != status {
            panic!("{}\nwanted {status}, got {self}\n--- the service's log ---\n{}", self.asked, tail(&self.log));
        }
        &self.json
    }

    /// The body of a 200.
    #[track_caller]
    pub fn ok(&self) -> &Value {
        self.expect(200)
    }

    /// The body of a 201.
    #[track_caller]
    pub fn created(&self) -> &Value {
        self.expect(201)
    }

    /// The body of a problem document with this status and code, after checking that it is a proper one.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> &Value {
        self.expect(status);
        assert_eq!(self.json["code"], code, "{}\ngot {self}", self.asked);
        assert_eq!(self.json["type"], format!("/problems/{code}"), "{}\ngot {self}", self.asked);
        assert_eq!(self.json["status"], status, "{}\ngot {self}", self.asked);
        assert!(self.json["title"].is_string(), "{}\na problem has a title: {self}", self.asked);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.asked);
        &self.json
    }

    /// A 400 `validation_failed` that names this field.
    #[track_caller]
    pub fn invalid(&self, field: &str) -> &Value {
        self.problem(400, "validation_failed");
        let named = self.json["errors"].as_array().into_iter().flatten().find(|error| error["field"] == field);
        let Some(error) = named else { panic!("{}\nno error for the field {field:?}: {self}", self.asked) };
        assert!(error["rule"].is_string() && error["message"].is_string(), "a rule and a message: {self}");
        error
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `Ledger-Position`, which must be there.
    #[track_caller]
    pub fn position(&self) -> i64 {
        let value = self.header("ledger-position");
        match value.and_then(|value| value.parse().ok()) {
            Some(position) => position,
            None => panic!("{}\nno Ledger-Position ({value:?}) in {self}", self.asked),
        }
    }

    /// A text in the body, by JSON pointer.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        match self.json.pointer(pointer).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => panic!("{}\nno text at {pointer}: {self}", self.asked),
        }
    }

    /// A whole number in the body, by JSON pointer.
    #[track_caller]
    pub fn number(&self, pointer: &str) -> i64 {
        match self.json.pointer(pointer).and_then(Value::as_i64) {
            Some(number) => number,
            None => panic!("{}\nno number at {pointer}: {self}", self.asked),
        }
    }

    /// A list in the body, by JSON pointer.
    #[track_caller]
    pub fn list(&self, pointer: &str) -> &[Value] {
        match self.json.pointer(pointer).and_then(Value::as_array) {
            Some(list) => list,
            None => panic!("{}\nno list at {pointer}: {self}", self.asked),
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.status, String::from_utf8_lossy(&self.bytes))
    }
}
