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

use crate::app::problem::{Code, FieldErrors, MAX_ERRORS, Problem};

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

    /// What is wrong with the parts of a value, as much as an answer names; none if nothing is. No more of the
    /// parts are looked at than that.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut parts = parts.into_iter().take(MAX_ERRORS);
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

/// The largest body, in bytes.
pub(crate) const BODY_LIMIT_BYTES: usize = 256 * 1024;
/// The largest batch of activities, in bytes.
pub(crate) const BATCH_BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// A request that is read from fields.
pub trait FromFields: Sized + Send + 'static {
    /// The largest body, in bytes.
    const BODY_LIMIT_BYTES: usize = BODY_LIMIT_BYTES;
    /// There is a secret in it, from whose plain digest it could be guessed.
    const IS_SECRET: bool = false;

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
    errors: FieldErrors,
    /// There when nothing is read, but described.
    sketch: Option<Box<Sketch>>,
}

impl Fields {
    /// The fields of an object; `prefix` goes before their names.
    #[must_use]
    pub fn of(values: Map<String, Value>, prefix: &str) -> Self {
        Self { values, prefix: prefix.to_owned(), errors: FieldErrors::default(), sketch: None }
    }

    /// Whether any field is there that was not read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Says what is wrong with a field.
    pub fn report(&mut self, field: &str, broken: Broken) {
        if self.errors.is_full() {
            return;
        }
        let path = if field.is_empty() {
            self.prefix.trim_end_matches('.').to_owned()
        } else {
            format!("{}{field}{}", self.prefix, broken.at)
        };
        self.errors.report(&path, broken.rule, broken.message);
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
    pub fn report_all(&mut self, errors: FieldErrors) {
        self.errors.extend(errors);
    }

    /// Whether nothing more is reported: whoever reads many parts may stop.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.errors.is_full()
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
            sketch.nested::<T>(field, true, false);
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
            sketch.nested::<T>(field, false, false);
            return None;
        }
        match self.take(field) {
            Some(value) => self.read_object(field, value).map(Some),
            None => Some(None),
        }
    }

    /// A field that may be left out or `null`, which is the same, and has fields of its own. The outer `None` is a broken
    /// rule.
    pub fn nullable_object<T: FromFields>(&mut self, field: &str) -> Option<Option<T>> {
        self.change_object(field).map(Option::flatten)
    }

    /// A field of a change that has fields of its own: left out it changes nothing, `null` sets null. The outermost `None`
    /// is a broken rule.
    pub fn change_object<T: FromFields>(&mut self, field: &str) -> Option<Option<Option<T>>> {
        if let Some(sketch) = &mut self.sketch {
            sketch.nested::<T>(field, false, true);
            return None;
        }
        match self.take(field) {
            Some(Value::Null) => Some(Some(None)),
            Some(value) => self.read_object(field, value).map(|read| Some(Some(read))),
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
    /// Everything that was wrong, as much of it as an answer names.
    pub fn finish<T>(mut self, read: Option<T>) -> Result<T, FieldErrors> {
        for field in std::mem::take(&mut self.values).keys().take(MAX_ERRORS) {
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
pub fn read<T: FromFields>(value: Value, prefix: &str) -> Result<T, FieldErrors> {
    let Value::Object(values) = value else {
        let field = prefix.trim_end_matches('.');
        let field = if field.is_empty() { "body" } else { field };
        return Err(FieldErrors::one(field, "type", "must be an object"));
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
    use crate::app::activities::RawActivity;
    use crate::http::input::adversary;
    use proptest::prelude::*;
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
        let fields: Vec<_> = errors.iter().map(|error| (error.field(), error.rule())).collect();
        assert_eq!(fields, [("name", "length"), ("count", "range"), ("colour", "unknown_field")]);
    }

    #[test]
    fn a_nullable_field_may_be_null_and_a_required_one_not() {
        assert_eq!(
            read::<Pair>(json!({"name": " ab ", "count": null}), ""),
            Ok(Pair { name: "ab".into(), count: None })
        );
        let errors = read::<Pair>(json!({"name": null}), "query.").unwrap_err();
        assert_eq!((errors[0].field(), errors[0].rule()), ("query.name", "type"));
    }

    /// Reads a body as a route of this type would.
    fn bounded<T: FromFields>(body: &str) {
        adversary::is_bounded(body.as_bytes(), || {
            crate::app::input::json::parse(body.as_bytes()).and_then(read_body::<T>)
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn a_body_is_answered_in_proportion_whoever_reads_it(body in adversary::bodies(KNOWN)) {
            bounded::<Nothing>(&body);
            bounded::<Pair>(&body);
            bounded::<RawActivity>(&body);
            bounded::<domain::campaign::Draft>(&body);
            bounded::<domain::campaign::Revision>(&body);
            bounded::<domain::unit::UnitRevision>(&body);
            bounded::<crate::routes::events::backtest::Order>(&body);
        }

        /// A condition is read by a grammar of its own, and its expressions by a parser of others.
        #[test]
        fn a_condition_is_answered_in_proportion(tree in adversary::bodies(CONDITION), text in "[ -~한]{0,1200}") {
            let expression = Value::from(text);
            for condition in [tree.clone(), format!("{{\"all\":[{tree},{{\"cel\":{{\"expression\":{expression}}}}}]}}")] {
                bounded::<domain::campaign::Revision>(&format!("{{\"condition\":{condition}}}"));
            }
        }
    }

    #[test]
    fn expressions_that_are_wrong_are_answered_in_proportion() {
        for expression in ["nobody", "f()", "today + 1", "[", "birthday || today"] {
            for padding in [0, 10, 900, 20_000] {
                let leaf = json!({"cel": {"expression": format!("{}{expression}", "x".repeat(padding))}});
                for leaves in [1, 10, 50, 250] {
                    let body = json!({"condition": {"all": vec![leaf.clone(); leaves]}}).to_string();
                    bounded::<domain::campaign::Revision>(&body);
                }
            }
        }
    }

    const KNOWN: &[&str] = &[
        "source",
        "id",
        "memberId",
        "kind",
        "occurredAt",
        "measures",
        "name",
        "description",
        "startDate",
        "condition",
        "event",
        "reward",
        "quantity",
        "timeZone",
        "ask",
    ];
    const CONDITION: &[&str] = &["all", "any", "not", "streak", "kind", "days", "within", "count", "cel", "expression"];
}
