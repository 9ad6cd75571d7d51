//! Reads the fields of a body or a query one by one and says everything that is wrong with them at
//! once: unknown, missing, of another type, out of bounds. Readers of single values are in
//! `fields/readers`. It knows no resource.

pub mod readers;

use serde_json::{Map, Value};

use crate::problem::{FieldError, Problem};

/// What a single value breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The machine-readable name of the rule.
    pub rule: &'static str,
    /// The rule in words.
    pub message: String,
}

impl Broken {
    /// A rule that a value breaks.
    pub fn new(rule: &'static str, message: impl Into<String>) -> Self {
        Self { rule, message: message.into() }
    }

    /// The value has another type.
    #[must_use]
    pub fn wrong_type(wanted: &str) -> Self {
        Self::new("type", format!("must be {wanted}"))
    }
}

/// A request that is read from fields.
pub trait FromFields: Sized {
    /// The largest body, in bytes.
    const BODY_LIMIT_BYTES: usize = 256 * 1024;

    /// Reads the fields. `None` only after something was reported as wrong.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// No field at all.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl FromFields for Nothing {
    fn read(_: &mut Fields) -> Option<Self> {
        Some(Self)
    }
}

/// The fields that were not read yet, and what was wrong with the others.
#[derive(Debug)]
pub struct Fields {
    values: Map<String, Value>,
    prefix: String,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The fields of an object; `prefix` goes before their names.
    #[must_use]
    pub fn of(values: Map<String, Value>, prefix: &str) -> Self {
        Self { values, prefix: prefix.to_owned(), errors: vec![] }
    }

    /// Whether any field is there that was not read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether a field is there that was not read.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.values.contains_key(field)
    }

    /// Says what is wrong with a field.
    pub fn report(&mut self, field: &str, broken: Broken) {
        let field = if field.is_empty() {
            self.prefix.trim_end_matches('.').to_owned()
        } else {
            format!("{}{field}", self.prefix)
        };
        self.errors.push(FieldError { field, rule: broken.rule, message: broken.message });
    }

    /// Takes a field out as it is.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.values.remove(field)
    }

    /// Reports what has its own paths already.
    pub fn report_all(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.errors.extend(errors);
    }

    fn judge<T>(&mut self, field: &str, read: Result<T, Broken>) -> Option<T> {
        read.map_err(|broken| self.report(field, broken)).ok()
    }

    /// A field that must be there.
    pub fn required<T>(&mut self, field: &str, reader: impl FnOnce(Value) -> Result<T, Broken>) -> Option<T> {
        match self.take(field) {
            Some(value) => {
                let read = reader(value);
                self.judge(field, read)
            }
            None => {
                self.report(field, Broken::new("required", "is required"));
                None
            }
        }
    }

    /// A field that may be left out, but is not `null`. The outer `None` is a broken rule.
    pub fn optional<T>(&mut self, field: &str, reader: impl FnOnce(Value) -> Result<T, Broken>) -> Option<Option<T>> {
        match self.take(field) {
            Some(value) => {
                let read = reader(value);
                self.judge(field, read).map(Some)
            }
            None => Some(None),
        }
    }

    /// A field that may be left out or `null`, which is the same. The outer `None` is a broken rule.
    pub fn nullable<T>(&mut self, field: &str, reader: impl FnOnce(Value) -> Result<T, Broken>) -> Option<Option<T>> {
        if self.values.get(field) == Some(&Value::Null) {
            self.take(field);
        }
        self.optional(field, reader)
    }

    /// A field of a change: left out it changes nothing, `null` sets null. The outermost `None` is a
    /// broken rule.
    pub fn change<T>(
        &mut self,
        field: &str,
        reader: impl FnOnce(Value) -> Result<T, Broken>,
    ) -> Option<Option<Option<T>>> {
        if self.values.get(field) == Some(&Value::Null) {
            self.take(field);
            return Some(Some(None));
        }
        self.optional(field, reader).map(|change| change.map(Some))
    }

    /// Ends the reading: whatever is left is unknown.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, Vec<FieldError>> {
        for field in std::mem::take(&mut self.values).keys() {
            self.report(field, Broken::new("unknown_field", "is not known here"));
        }
        match read {
            Some(request) if self.errors.is_empty() => Ok(request),
            _ => Err(self.errors),
        }
    }
}

/// Reads a request from an object.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read<T: FromFields>(value: Value, prefix: &str) -> Result<T, Vec<FieldError>> {
    let Value::Object(values) = value else {
        let field = prefix.trim_end_matches('.');
        let field = if field.is_empty() { "body" } else { field }.to_owned();
        return Err(vec![FieldError { field, rule: "type", message: "must be an object".to_owned() }]);
    };
    let mut fields = Fields::of(values, prefix);
    let read = T::read(&mut fields);
    fields.finish(read)
}

/// Reads a request from a body.
///
/// # Errors
/// `validation_failed` with everything that is wrong with it.
pub fn read_body<T: FromFields>(value: Value) -> Result<T, Problem> {
    read(value, "").map_err(Problem::invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq)]
    struct Pair {
        name: String,
        count: Option<i64>,
    }

    impl FromFields for Pair {
        fn read(fields: &mut Fields) -> Option<Self> {
            let name = fields.required("name", readers::text(1, 5));
            let count = fields.nullable("count", readers::number(1, 10));
            Some(Self { name: name?, count: count? })
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let errors = read::<Pair>(json!({"name": "too long", "count": 11, "colour": 1}), "").unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.rule)).collect();
        assert_eq!(fields, [("name", "length"), ("count", "range"), ("colour", "unknown_field")]);
    }

    #[test]
    fn a_nullable_field_may_be_null_and_a_required_one_not() {
        assert_eq!(
            read::<Pair>(json!({"name": " ab ", "count": null}), ""),
            Ok(Pair { name: "ab".into(), count: None })
        );
        let errors = read::<Pair>(json!({"name": null}), "query.").unwrap_err();
        assert_eq!((errors[0].field.as_str(), errors[0].rule), ("query.name", "type"));
    }
}
