//! What is answered instead of a result: a code, what it means here, and what a caller needs to go on. Which failure
//! leads to which problem is in `problem/mapping`. It knows no status and no header: HTTP renders a problem in
//! `http::problem`, the command line and the dead letters of Kafka show its code.

mod codes;
mod field_errors;
mod mapping;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::app::i18n::Said;

pub use codes::Code;
pub use field_errors::{FieldError, FieldErrors, MAX_ERRORS, shortened};
pub use mapping::condition_errors;

/// After how many seconds an overloaded service may be asked again.
pub const RETRY_AFTER_S: u32 = 1;

/// A budget of requests, as draft-ietf-httpapi-ratelimit-headers-10 writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// What it allows: `"login-account";q=10;w=60`.
    pub policy: String,
    /// What is left, and when there is more: `"login-account";r=0;t=6`.
    pub state: String,
}

/// What is answered instead of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone, PartialEq)]
struct Parts {
    code: Code,
    detail: Option<Said>,
    errors: FieldErrors,
    extra: Map<String, Value>,
    retry_after_s: Option<u32>,
    version: Option<i64>,
    position: Option<i64>,
    budget: Option<Budget>,
    credential_refused: bool,
    recorded: bool,
}

impl Problem {
    /// A problem with nothing but its code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self(Box::new(Parts {
            code,
            detail: None,
            errors: FieldErrors::default(),
            extra: Map::new(),
            retry_after_s: None,
            version: None,
            position: None,
            budget: None,
            credential_refused: false,
            recorded: false,
        }))
    }

    /// Fields that break rules.
    #[must_use]
    pub fn invalid(errors: FieldErrors) -> Self {
        let mut problem = Self::new(Code::ValidationFailed);
        problem.0.errors = errors;
        problem
    }

    /// One field that breaks a rule.
    #[must_use]
    pub fn field(field: &str, rule: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(FieldErrors::one(field, rule, message))
    }

    /// The same, with one field that is at fault.
    #[must_use]
    pub fn and_field(mut self, field: &str, rule: &'static str, message: impl Into<String>) -> Self {
        self.0.errors.report(field, rule, message);
        self
    }

    /// It may be asked again in a moment.
    #[must_use]
    pub fn retry_after(self) -> Self {
        self.retry_after_s(RETRY_AFTER_S)
    }

    /// It may be asked again after so many seconds.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// The version that the resource has now.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.0.version = Some(version);
        self
    }

    /// The budget that is used up.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.0.budget = Some(budget);
        self
    }

    /// A credential was shown, and it is not accepted.
    #[must_use]
    pub fn credential_refused(mut self) -> Self {
        self.0.credential_refused = true;
        self
    }

    /// The answer stands for this position of the log.
    #[must_use]
    pub fn at(mut self, position: i64) -> Self {
        self.0.position = Some(position);
        self
    }

    /// The answer stands nowhere in the log: nothing was appended.
    #[must_use]
    pub fn nowhere(mut self) -> Self {
        self.0.position = None;
        self.with("position", ())
    }

    /// The refusal is in the log: asked again under the same key, it is the same.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        self.0.recorded = true;
        self
    }

    /// Whether the refusal is in the log.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.0.recorded
    }

    /// A defect: logged with its context here, and withheld from the answer.
    #[must_use]
    pub fn internal(context: &str, error: &dyn std::fmt::Display) -> Self {
        tracing::error!(context, %error, "request failed with an internal error");
        Self::new(Code::Internal)
    }

    /// Says more about this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: Said) -> Self {
        self.0.detail = Some(detail);
        self
    }

    /// Adds a number or another value that a client needs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.0.extra.insert(name.to_owned(), json!(value));
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The fields that break rules.
    #[must_use]
    pub fn errors(&self) -> &FieldErrors {
        &self.0.errors
    }

    /// When it may be asked again, in seconds.
    #[must_use]
    pub fn asks_again_after_s(&self) -> Option<u32> {
        self.0.retry_after_s
    }

    /// The version that the resource has now, where it was another that the caller expected.
    #[must_use]
    pub fn current_version(&self) -> Option<i64> {
        self.0.version
    }

    /// The position of the log that the answer stands for.
    #[must_use]
    pub fn position(&self) -> Option<i64> {
        self.0.position
    }

    /// The budget that is used up, if that is the problem.
    #[must_use]
    pub fn used_up(&self) -> Option<&Budget> {
        self.0.budget.as_ref()
    }

    /// Whether a credential was shown that is not accepted.
    #[must_use]
    pub fn refuses_credential(&self) -> bool {
        self.0.credential_refused
    }

    /// The document without what belongs to one answer over HTTP: `code`, `title`, `detail`, `errors` and more.
    #[must_use]
    pub fn document(&self) -> Map<String, Value> {
        let Parts { code, detail, errors, extra, .. } = &*self.0;
        let mut body = extra.clone();
        body.insert("type".to_owned(), json!(code.link()));
        body.insert("title".to_owned(), json!(code.title()));
        body.insert("detail".to_owned(), json!(detail.as_ref().map_or_else(|| code.about(), Said::to_string)));
        body.insert("code".to_owned(), json!(code.name()));
        if !errors.is_empty() {
            body.insert("errors".to_owned(), json!(errors));
        }
        body
    }
}
