//! Reads JSON as the contract wants it: no duplicate key anywhere, no NUL, not too deep. It knows
//! nothing of what the values are for; what a request needs of them is read by `fields`.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::problem::{Code, FieldError, Problem};
use crate::words::phrases;

/// The deepest nesting of a body; a lone object has depth 1.
const MAX_DEPTH: usize = 32;

/// Reads a whole body.
///
/// # Errors
/// `malformed_json`, or `validation_failed` for what is JSON but breaks our rules.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let mut findings = Findings::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Strict { findings: &mut findings }.deserialize(&mut reader).and_then(|value| {
        reader.end()?;
        Ok(value)
    });
    match read {
        _ if findings.too_deep => Err(Problem::invalid(findings.errors)),
        Err(error) => Err(Problem::new(Code::MalformedJson).detail(phrases::not_json_at(error.line(), error.column()))),
        Ok(_) if findings.nul => Err(Problem::new(Code::MalformedJson).detail(phrases::nul())),
        Ok(_) if !findings.errors.is_empty() => Err(Problem::invalid(findings.errors)),
        Ok(value) => Ok(value),
    }
}

#[derive(Default)]
struct Findings {
    path: Vec<Step>,
    errors: Vec<FieldError>,
    too_deep: bool,
    nul: bool,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Findings {
    fn report(&mut self, rule: &'static str, message: String) {
        let mut field = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if field.is_empty() => field.push_str(key),
                Step::Key(key) => field.push_str(&format!(".{key}")),
                Step::Index(index) => field.push_str(&format!("[{index}]")),
            }
        }
        self.errors.push(FieldError { field, rule, message });
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.path.len() < MAX_DEPTH {
            return Ok(());
        }
        self.too_deep = true;
        self.report("depth", format!("must not be nested deeper than {MAX_DEPTH}"));
        Err(E::custom("too deep"))
    }

    fn text(&mut self, text: &str) {
        self.nul |= text.contains('\0');
    }
}

struct Strict<'a> {
    findings: &'a mut Findings,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        self.findings.text(text);
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        self.findings.text(&text);
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        self.findings.enter()?;
        let mut values = Vec::new();
        loop {
            self.findings.path.push(Step::Index(values.len()));
            let next = list.next_element_seed(Strict { findings: &mut *self.findings })?;
            self.findings.path.pop();
            match next {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.findings.enter()?;
        let mut values = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.findings.text(&key);
            self.findings.path.push(Step::Key(key.clone()));
            if values.contains_key(&key) {
                self.findings.report("duplicate_key", "must not be there twice".to_owned());
            }
            let value = entries.next_value_seed(Strict { findings: &mut *self.findings })?;
            self.findings.path.pop();
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn refused(text: &[u8], code: Code, field: Option<&str>) {
        let problem = parse(text).unwrap_err();
        assert_eq!(problem.code(), code, "{}", String::from_utf8_lossy(text));
        assert_eq!(problem.errors().first().map(|error| error.field.as_str()), field);
    }

    #[test]
    fn json_is_read_as_it_is() {
        let text = br#"{"a": [1, -2, 1.5, "x", null, true, {"b": {}}]}"#;
        assert_eq!(parse(text).unwrap(), json!({"a": [1, -2, 1.5, "x", null, true, {"b": {}}]}));
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for text in [&b"{"[..], b"{} extra", b"\0", b"\"\\u0000\"", b"{\"\\u0000\": 1}", b"\"\xff\"", b"1e999", b""] {
            refused(text, Code::MalformedJson, None);
        }
    }

    #[test]
    fn a_key_is_there_once_however_deep() {
        refused(br#"{"a": 1, "a": 1}"#, Code::ValidationFailed, Some("a"));
        refused(br#"{"c": {"all": [{"x": 1}, {"y": 1, "y": 2}]}}"#, Code::ValidationFailed, Some("c.all[1].y"));
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(parse(&nested(MAX_DEPTH + 1)).unwrap_err().code(), Code::ValidationFailed);
        assert_eq!(parse(&nested(200)).unwrap_err().code(), Code::ValidationFailed);
    }
}
