//! Reads JSON as the contract wants it: no duplicate key anywhere, no NUL, not too deep, not too much. It knows
//! nothing of what the values are for; what a request needs of them is read by `fields`.
//!
//! What it takes in memory and in its answer grows no faster than the text: it stops at the depth, at the number
//! of values, and as soon as an answer could name no more errors.

use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::app::i18n::phrases;
use crate::app::problem::{Code, FieldErrors, Problem, shortened};

/// The deepest nesting of a body; a lone object has depth 1.
const MAX_DEPTH: usize = 32;
/// The most values of a body, each part of a list or an object counted. A batch of the largest reports has less.
const MAX_VALUES: usize = 100_000;
/// The most objects and lists among them: an object of seven bytes of text takes hundreds of memory.
const MAX_CONTAINERS: usize = 10_000;

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
    match (read, findings.stopped) {
        (_, Some(Stop::Depth)) => Err(Problem::new(Code::MalformedJson).detail(phrases::too_deep(MAX_DEPTH))),
        (_, Some(Stop::Values)) => Err(too_many_values()),
        (_, Some(Stop::Errors)) => Err(Problem::invalid(findings.errors)),
        (Err(error), None) => {
            Err(Problem::new(Code::MalformedJson).detail(phrases::not_json_at(error.line(), error.column())))
        }
        (Ok(_), None) if findings.nul => Err(Problem::new(Code::MalformedJson).detail(phrases::nul())),
        (Ok(_), None) if !findings.errors.is_empty() => Err(Problem::invalid(findings.errors)),
        (Ok(value), None) => Ok(value),
    }
}

fn too_many_values() -> Problem {
    let rule = format!("must not hold more than {MAX_VALUES} values, {MAX_CONTAINERS} of them objects and lists");
    Problem::field("body", "size", rule)
}

#[derive(Default)]
struct Findings {
    path: Vec<Step>,
    errors: FieldErrors,
    values: usize,
    containers: usize,
    nul: bool,
    stopped: Option<Stop>,
}

enum Step {
    Key(String),
    Index(usize),
}

/// Why the rest is not read.
#[derive(Clone, Copy)]
enum Stop {
    Depth,
    Values,
    Errors,
}

impl Findings {
    /// Says what is wrong with the value that is being read, and stops when no more can be said.
    fn report<E: serde::de::Error>(&mut self, rule: &'static str, message: &str) -> Result<(), E> {
        let mut field = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if field.is_empty() => field.push_str(&shortened(key)),
                Step::Key(key) => field.push_str(&format!(".{}", shortened(key))),
                Step::Index(index) => field.push_str(&format!("[{index}]")),
            }
        }
        self.errors.report(&field, rule, message);
        if self.errors.is_full() { self.stop(Stop::Errors) } else { Ok(()) }
    }

    fn stop<T, E: serde::de::Error>(&mut self, why: Stop) -> Result<T, E> {
        self.stopped = Some(why);
        Err(E::custom("the rest is not read"))
    }

    /// Counts a value before it is kept.
    fn value<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.values += 1;
        if self.values > MAX_VALUES { self.stop(Stop::Values) } else { Ok(()) }
    }

    /// Counts an object or a list before its parts are read.
    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.value()?;
        self.containers += 1;
        if self.path.len() >= MAX_DEPTH {
            return self.stop(Stop::Depth);
        }
        if self.containers > MAX_CONTAINERS { self.stop(Stop::Values) } else { Ok(()) }
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

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.findings.value()?;
        Ok(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        self.findings.value()?;
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        self.findings.value()?;
        Ok(value.into())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        self.findings.value()?;
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        self.findings.value()?;
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no number"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.findings.value()?;
        self.findings.text(text);
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Value, E> {
        self.findings.value()?;
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
            let twice = values.contains_key(&key);
            self.findings.path.push(Step::Key(key));
            if twice {
                self.findings.report("duplicate_key", "must not be there twice")?;
            }
            let value = entries.next_value_seed(Strict { findings: &mut *self.findings })?;
            if let Some(Step::Key(key)) = self.findings.path.pop() {
                values.insert(key, value);
            }
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::problem::MAX_ERRORS;
    use crate::http::input::adversary;
    use serde_json::json;

    #[track_caller]
    fn refused(text: &[u8], code: Code, field: Option<&str>) {
        let problem = parse(text).unwrap_err();
        assert_eq!(problem.code(), code, "{}", String::from_utf8_lossy(text));
        assert_eq!(problem.errors().first().map(|error| error.field()), field);
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
    fn a_long_key_around_many_equal_ones_is_answered_in_proportion() {
        let body = adversary::long_key_and_many_twice();
        adversary::is_bounded(body.as_bytes(), || parse(body.as_bytes()));
        let problem = parse(body.as_bytes()).unwrap_err();
        assert_eq!((problem.code(), problem.errors().len()), (Code::ValidationFailed, MAX_ERRORS));
        assert!(problem.errors().iter().all(|error| error.field().ends_with(".a")));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_read_costs_in_proportion(body in adversary::bodies(&["a", "b"])) {
            adversary::is_bounded(body.as_bytes(), || parse(body.as_bytes()));
        }
    }

    #[test]
    fn nesting_has_a_bound() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into_bytes();
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        for deep in [MAX_DEPTH + 1, 200, 100_000] {
            refused(&nested(deep), Code::MalformedJson, None);
        }
    }

    #[test]
    fn the_number_of_values_has_a_bound() {
        let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(",")).into_bytes();
        assert!(parse(&list("0", MAX_VALUES - 1)).is_ok());
        refused(&list("0", MAX_VALUES), Code::ValidationFailed, Some("body"));
        assert!(parse(&list("{}", MAX_CONTAINERS - 1)).is_ok());
        refused(&list("[]", MAX_CONTAINERS), Code::ValidationFailed, Some("body"));
    }

    #[test]
    fn what_is_found_is_said_before_the_end_when_no_more_can_be_said() {
        let twice = r#""a": 1, "#.repeat(100);
        let problem = parse(format!("{{{twice} no JSON at all").as_bytes()).unwrap_err();
        assert_eq!((problem.code(), problem.errors().len()), (Code::ValidationFailed, MAX_ERRORS));
    }
}
