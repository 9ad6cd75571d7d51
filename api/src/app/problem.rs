//! An error answer: a code, its details and what a caller needs to recover. `problem/mapping` turns failures into
//! problems. It knows no status and no header: `http::problem` renders it for HTTP, while the command line and Kafka's
//! dead letters show its code.

mod codes;
mod field_errors;
mod mapping;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::app::i18n::Said;

pub use codes::Code;
pub use field_errors::{FieldError, FieldErrors, MAX_ERRORS, shortened};
pub use mapping::condition_errors;

/// `Retry-After` of an overloaded service, in seconds.
pub const RETRY_AFTER_S: u32 = 1;

/// A budget of requests, as draft-ietf-httpapi-ratelimit-headers-10 writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The policy: `"login-account";q=10;w=60`.
    pub policy: String,
    /// The remaining units and the seconds until reset: `"login-account";r=0;t=6`.
    pub state: String,
}

/// An error answer.
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
    /// A problem that is only a code.
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

    /// Validation errors.
    #[must_use]
    pub fn invalid(errors: FieldErrors) -> Self {
        let mut problem = Self::new(Code::ValidationFailed);
        problem.0.errors = errors;
        problem
    }

    /// One validation error.
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

    /// A problem that may pass: the request may be repeated in a moment.
    #[must_use]
    pub fn retry_after(self) -> Self {
        self.retry_after_s(RETRY_AFTER_S)
    }

    /// The request may be repeated after this many seconds.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// The present version of the resource.
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

    /// A credential was sent and is not accepted.
    #[must_use]
    pub fn credential_refused(mut self) -> Self {
        self.0.credential_refused = true;
        self
    }

    /// The position of the log that the answer is valid for.
    #[must_use]
    pub fn at(mut self, position: i64) -> Self {
        self.0.position = Some(position);
        self
    }

    /// The answer has no position, because nothing was appended.
    #[must_use]
    pub fn nowhere(mut self) -> Self {
        self.0.position = None;
        self.with("position", ())
    }

    /// The refusal is recorded in the log: repeated under the same idempotency key it is the same.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        self.0.recorded = true;
        self
    }

    /// Whether the refusal is recorded in the log.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.0.recorded
    }

    /// An internal error: logged here with its context, which the answer does not contain.
    #[must_use]
    pub fn internal(context: &str, error: &dyn std::fmt::Display) -> Self {
        tracing::error!(context, %error, "request failed with an internal error");
        Self::new(Code::Internal)
    }

    /// Adds a detail text.
    #[must_use]
    pub fn detail(mut self, detail: Said) -> Self {
        self.0.detail = Some(detail);
        self
    }

    /// Adds an extension member for clients.
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

    /// The validation errors.
    #[must_use]
    pub fn errors(&self) -> &FieldErrors {
        &self.0.errors
    }

    /// Seconds after which the request may be repeated.
    #[must_use]
    pub fn asks_again_after_s(&self) -> Option<u32> {
        self.0.retry_after_s
    }

    /// The present version of the resource, if the caller expected another one.
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

    /// Whether a credential was sent that is not accepted.
    #[must_use]
    pub fn refuses_credential(&self) -> bool {
        self.0.credential_refused
    }

    /// The document without its HTTP members: `code`, `title`, `detail`, `errors` and extensions.
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
