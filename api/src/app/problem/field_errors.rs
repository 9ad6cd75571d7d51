//! Validation errors of a request: at most [`MAX_ERRORS`], each of bounded size, whatever the input. Every reader
//! reports here and stops when the list is full, so that an answer does not grow with the input. It knows no reader.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::Serialize;

/// The most errors in an answer; others appear once these are fixed.
pub const MAX_ERRORS: usize = domain::condition::MAX_PROBLEMS;
/// The longest path in bytes; a longer one is shortened in the middle.
const MAX_FIELD_BYTES: usize = 160;
/// The longest message in bytes, which matters for what messages quote.
const MAX_MESSAGE_BYTES: usize = 1_000;
/// Marks where text was cut.
const CUT: &str = "…";

/// One field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// The path: `condition.all[0].streak.days`, `query.limit`, `header.Ledger-Min-Position`.
    field: String,
    /// The machine-readable name of the rule.
    rule: &'static str,
    /// The message; in English until it is sent.
    #[serde(serialize_with = "crate::app::i18n::rules::in_its_language")]
    message: String,
}

impl FieldError {
    /// A validation error; texts that are too long are shortened.
    #[must_use]
    pub fn new(field: &str, rule: &'static str, message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        Self { field: shortened(field), rule, message }
    }

    /// Where.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The machine-readable name of the rule.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The rule in words, in English.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A path of bounded length, shortened in the middle and without control characters.
#[must_use]
pub fn shortened(path: &str) -> String {
    let shown = |part: &str| part.chars().map(|char| if char.is_control() { '?' } else { char }).collect();
    if path.len() <= MAX_FIELD_BYTES {
        return shown(path);
    }
    let half = (MAX_FIELD_BYTES - CUT.len()) / 2;
    let (head, tail) = (path.floor_char_boundary(half), path.ceil_char_boundary(path.len() - half));
    let (head, tail): (String, String) = (shown(&path[..head]), shown(&path[tail..]));
    format!("{head}{CUT}{tail}")
}

/// The validation errors of one input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Exactly one.
    #[must_use]
    pub fn one(field: &str, rule: &'static str, message: impl Into<String>) -> Self {
        Self(vec![FieldError::new(field, rule, message)])
    }

    /// Adds an error, unless the list is full.
    pub fn report(&mut self, field: &str, rule: &'static str, message: impl Into<String>) {
        if !self.is_full() {
            self.0.push(FieldError::new(field, rule, message));
        }
    }

    /// Whether a field is among them.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        self.0.iter().any(|error| error.field() == field)
    }

    /// Whether the list is full, so that reading may stop.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.len() >= MAX_ERRORS
    }

    /// Adds the errors of a part, as far as there is room.
    pub fn extend(&mut self, others: Self) {
        let room = MAX_ERRORS.saturating_sub(self.0.len());
        self.0.extend(others.0.into_iter().take(room));
    }

    /// Removes and returns the errors after this many.
    pub fn truncate(&mut self, most: usize) {
        self.0.truncate(most);
    }
}

impl Deref for FieldErrors {
    type Target = [FieldError];

    fn deref(&self) -> &[FieldError] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_cut_in_the_middle_and_never_in_a_character() {
        assert_eq!(shortened("condition.all[0].streak.days"), "condition.all[0].streak.days");
        for letter in ["a", "é", "한", "🦀"] {
            for more in 0..4 {
                let path = format!("{}{}.days", "x".repeat(more), letter.repeat(10_000));
                let short = shortened(&path);
                assert!(short.len() <= MAX_FIELD_BYTES && short.ends_with(".days"), "{short}");
                assert!(short.contains(CUT), "{short}");
            }
        }
        assert_eq!(shortened("a\u{1}\n"), "a??");
    }

    #[test]
    fn twenty_are_named_and_no_more() {
        let mut errors = FieldErrors::default();
        (0..1_000).for_each(|number| errors.report(&number.to_string(), "required", "is required"));
        assert_eq!((errors.len(), errors.is_full()), (MAX_ERRORS, true));
        let mut both = FieldErrors::one("first", "required", "is required");
        both.extend(errors);
        assert_eq!((both.len(), both[0].field(), both[1].field()), (MAX_ERRORS, "first", "0"));
    }
}
