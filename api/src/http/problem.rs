//! Problem documents (RFC 9457): what is answered instead of a result. Which failure leads to which
//! problem is in `problem/mapping`; the document is written by the outermost layer, which knows the
//! request it belongs to.

mod codes;
mod field_errors;
mod mapping;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::app::i18n::Said;

pub use codes::Code;
pub use field_errors::{FieldError, FieldErrors, MAX_ERRORS, shortened};
pub use mapping::condition_errors;

/// After how many seconds it may be asked again when the service is short of breath.
const RETRY_AFTER_S: u32 = 1;

/// What is answered instead of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone, PartialEq)]
struct Parts {
    code: Code,
    detail: Option<Said>,
    errors: FieldErrors,
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    recorded: bool,
}

impl Problem {
    /// A problem with nothing but its code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let problem = Self(Box::new(Parts {
            code,
            detail: None,
            errors: FieldErrors::default(),
            extra: Map::new(),
            headers: vec![],
            recorded: false,
        }));
        match code.status() {
            StatusCode::SERVICE_UNAVAILABLE => problem.retry_after(),
            StatusCode::UNAUTHORIZED => problem.header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            _ => problem,
        }
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
        self.header(header::RETRY_AFTER, RETRY_AFTER_S.into())
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

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Takes a header away.
    #[must_use]
    pub fn without_header(mut self, name: &HeaderName) -> Self {
        self.0.headers.retain(|(other, _)| other != name);
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

    /// The document, for the request of this id, in its language.
    #[must_use]
    pub fn render(&self, request: Uuid) -> Response {
        let Parts { code, detail, errors, extra, headers, recorded: _ } = &*self.0;
        let mut body = extra.clone();
        body.insert("type".to_owned(), json!(code.link()));
        body.insert("title".to_owned(), json!(code.title()));
        body.insert("status".to_owned(), json!(code.status().as_u16()));
        body.insert("detail".to_owned(), json!(detail.as_ref().map_or_else(|| code.about(), Said::to_string)));
        body.insert("instance".to_owned(), json!(request.urn().to_string()));
        body.insert("code".to_owned(), json!(code.name()));
        if !errors.is_empty() {
            body.insert("errors".to_owned(), json!(errors));
        }
        let media = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (code.status(), media, Value::Object(body).to_string()).into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Only marks the response: the outermost layer writes the document.
    fn into_response(self) -> Response {
        let mut response = self.code().status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::phrases;

    #[tokio::test]
    async fn a_problem_is_a_document_of_rfc_9457() {
        let problem = Problem::new(Code::AlreadyClaimed).with("claimId", "x").detail(phrases::nul());
        let response = problem.render(Uuid::nil());
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            body,
            json!({"type": "/problems/already_claimed", "title": "The reward was already claimed in this period",
                "status": 409, "detail": "A text holds the character NUL.", "code": "already_claimed", "claimId": "x",
                "instance": "urn:uuid:00000000-0000-0000-0000-000000000000"})
        );
    }
}
