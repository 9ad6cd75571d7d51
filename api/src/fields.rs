//! Reads the fields of a body or a query one by one and says everything that is wrong with them at
//! once: unknown, missing, of another type, out of bounds. The same reading, asked to describe instead,
//! gives the schema (`fields/described`): what the document says is what is read. Readers of single
//! values are in `fields/readers`. It knows no resource.

mod described;
mod reader;
pub mod readers;

use serde_json::{Map, Value};

pub use described::{Description, describe};
pub use reader::{Reader, reader};

use described::Sketch;

use crate::problem::{Code, FieldError, Problem};

/// What a single value breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The machine-readable name of the rule.
    pub rule: &'static str,
    /// The rule in words.
    pub message: String,
    /// Where in the value: `[3]`, `.days`; empty for the value itself.
    pub at: String,
    /// What else is wrong with other parts of the value.
    also: Vec<Self>,
}

impl Broken {
    /// A rule that a value breaks.
    pub fn new(rule: &'static str, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), at: String::new(), also: vec![] }
    }

    /// Everything that is wrong with the parts of a value; none if nothing is.
    #[must_use]
    pub fn all(parts: Vec<Self>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let first = parts.next()?;
        Some(Self { also: parts.collect(), ..first })
    }

    /// The same rule, broken by a part of a larger value.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        let also = self.also.into_iter().map(|other| other.within(part)).collect();
        Self { at: format!("{part}{}", self.at), also, ..self }
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

    /// Reads the fields. `None` only after something was reported as wrong, or when the fields are only
    /// described: so ask for every field first, and use `?` afterwards.
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
    /// There when nothing is read, but described.
    sketch: Option<Box<Sketch>>,
}

impl Fields {
    /// The fields of an object; `prefix` goes before their names.
    #[must_use]
    pub fn of(values: Map<String, Value>, prefix: &str) -> Self {
        Self { values, prefix: prefix.to_owned(), errors: vec![], sketch: None }
    }

    /// Whether any field is there that was not read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Says what is wrong with a field.
    pub fn report(&mut self, field: &str, broken: Broken) {
        let path = if field.is_empty() {
            self.prefix.trim_end_matches('.').to_owned()
        } else {
            format!("{}{field}{}", self.prefix, broken.at)
        };
        self.errors.push(FieldError { field: path, rule: broken.rule, message: broken.message });
        for other in broken.also {
            self.report(field, other);
        }
    }

    /// Refuses a change that changes nothing.
    pub fn at_least_one(&mut self) {
        if let Some(sketch) = &mut self.sketch {
            sketch.at_least_one = true;
        } else if self.is_empty() {
            self.report("body", Broken::new("not_empty", "must change something"));
        }
    }

    /// Says that what is read here may lead to these codes.
    pub fn refuses(&mut self, codes: &[Code]) {
        if let Some(sketch) = &mut self.sketch {
            sketch.codes.extend_from_slice(codes);
        }
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.values.remove(field)
    }

    /// Reports what has its own paths already.
    pub fn report_all(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.errors.extend(errors);
    }

    fn judge<T>(&mut self, field: &str, read: Result<T, Broken>) -> Option<T> {
        read.map_err(|broken| self.report(field, broken)).ok()
    }

    /// Whether the field is only to be described, which is done then.
    fn describes(&mut self, field: &str, reader: &impl Reader, required: bool, nullable: bool) -> bool {
        let Some(sketch) = &mut self.sketch else { return false };
        let schema = reader.schema(&mut sketch.generator);
        sketch.add(field, schema, required, nullable);
        true
    }

    /// A field that must be there.
    pub fn required<R: Reader>(&mut self, field: &str, reader: R) -> Option<R::Value> {
        if self.describes(field, &reader, true, false) {
            return None;
        }
        match self.take(field) {
            Some(value) => self.judge(field, reader.read(value)),
            None => {
                self.report(field, Broken::new("required", "is required"));
                None
            }
        }
    }

    /// A field that may be left out, but is not `null`. The outer `None` is a broken rule.
    pub fn optional<R: Reader>(&mut self, field: &str, reader: R) -> Option<Option<R::Value>> {
        if self.describes(field, &reader, false, false) {
            return None;
        }
        self.take_optional(field, &reader)
    }

    fn take_optional<R: Reader>(&mut self, field: &str, reader: &R) -> Option<Option<R::Value>> {
        match self.take(field) {
            Some(value) => self.judge(field, reader.read(value)).map(Some),
            None => Some(None),
        }
    }

    /// A field that may be left out or `null`, which is the same. The outer `None` is a broken rule.
    pub fn nullable<R: Reader>(&mut self, field: &str, reader: R) -> Option<Option<R::Value>> {
        if self.describes(field, &reader, false, true) {
            return None;
        }
        if self.values.get(field) == Some(&Value::Null) {
            self.take(field);
        }
        self.take_optional(field, &reader)
    }

    /// A field of a change: left out it changes nothing, `null` sets null. The outermost `None` is a
    /// broken rule.
    pub fn change<R: Reader>(&mut self, field: &str, reader: R) -> Option<Option<Option<R::Value>>> {
        if self.describes(field, &reader, false, true) {
            return None;
        }
        if self.values.get(field) == Some(&Value::Null) {
            self.take(field);
            return Some(Some(None));
        }
        self.take_optional(field, &reader).map(|change| change.map(Some))
    }

    /// A field that must be there and has fields of its own.
    pub fn object<T: FromFields>(&mut self, field: &str) -> Option<T> {
        if let Some(sketch) = &mut self.sketch {
            sketch.nested::<T>(field, true);
            return None;
        }
        match self.take(field) {
            Some(value) => self.read_object(field, value),
            None => {
                self.report(field, Broken::new("required", "is required"));
                None
            }
        }
    }

    /// A field that may be left out and has fields of its own. The outer `None` is a broken rule.
    pub fn optional_object<T: FromFields>(&mut self, field: &str) -> Option<Option<T>> {
        if let Some(sketch) = &mut self.sketch {
            sketch.nested::<T>(field, false);
            return None;
        }
        match self.take(field) {
            Some(value) => self.read_object(field, value).map(Some),
            None => Some(None),
        }
    }

    fn read_object<T: FromFields>(&mut self, field: &str, value: Value) -> Option<T> {
        let read = read(value, &format!("{}{field}.", self.prefix));
        read.map_err(|errors| self.report_all(errors)).ok()
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
