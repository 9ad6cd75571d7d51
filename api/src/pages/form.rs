//! Forms that were posted from our own pages. A cross-site request is refused, because it has another `Origin` and does
//! not know the form's token.

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use uuid::Uuid;

use super::Pages;
use super::client::{FieldRefused, Refused};
use super::failure::Failure;
use super::response::see_other;
use super::send_again::Unsent;
use super::sign_in;
use super::visit::Visit;
use crate::app::problem::Code;
use crate::http::auth::PageSession;
use crate::http::input::extract::form_bytes;

/// The most fields of a form: a batch has 200 boxes.
const MOST_FIELDS: usize = 1_000;
/// The form field of the token.
pub(super) const TOKEN: &str = "token";
/// The form field of the idempotency key.
pub(super) const KEY: &str = "key";
/// The form field of the version that the reader saw.
pub(super) const SEEN: &str = "seen";

/// The errors of a form: listed above it with links to the fields, and shown at each field.
#[derive(Debug, Clone)]
pub(super) struct FormErrors {
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) status: u16,
    pub(super) code: String,
    /// The id and the error of each field.
    pub(super) fields: Vec<(String, String)>,
}

impl FormErrors {
    /// Form fields have the same names as in the API.
    pub(super) fn of(refused: &Refused) -> Self {
        let Refused { status, code, title, detail, errors, .. } = refused.clone();
        let fields = errors.into_iter().map(|FieldRefused { field, message }| (field, message)).collect();
        Self { title, detail, status, code, fields }
    }

    /// Assigns the error to one field, if the API names none.
    pub(super) fn at_field(self, field: &str) -> Self {
        let fields = vec![(field.to_owned(), self.title.clone())];
        Self { fields, ..self }
    }

    /// The error of a field.
    pub(super) fn at(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(of, _)| of == field).map(|(_, message)| message.as_str())
    }
}

/// The names and values of a form.
#[derive(Debug, Clone, Default)]
pub(super) struct Form(pub(super) Vec<(String, String)>);

impl Form {
    /// A trimmed value; `None` if it is absent or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(of, _)| of == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// A value as it was typed, such as a password.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(of, _)| of == name).map_or("", |(_, value)| value)
    }

    /// All values of one name, such as ticked boxes.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The idempotency key of the form.
    pub(super) fn idempotency_key(&self) -> Option<&str> {
        self.text(KEY)
    }

    /// The version that the reader saw.
    pub(super) fn if_match(&self) -> Option<&str> {
        self.text(SEEN)
    }
}

/// Reads a form from one of our pages. Nobody needs to be signed in.
///
/// # Errors
/// `forbidden` for another origin; also for a body that is too large or is no form.
pub(super) async fn read(request: Request) -> Result<Form, Failure> {
    if !is_same_origin(request.headers()) {
        return Err(Failure::of(Code::Forbidden));
    }
    let bytes = form_bytes(request).await?;
    let fields: Vec<_> = form_urlencoded::parse(&bytes).into_owned().take(MOST_FIELDS + 1).collect();
    if fields.len() > MOST_FIELDS {
        return Err(Failure::of(Code::BodyTooLarge));
    }
    // browsers send line breaks as CR LF
    Ok(Form(fields.into_iter().map(|(name, value)| (name, value.replace("\r\n", "\n"))).collect()))
}

/// A form, posted by somebody who is signed in.
pub(super) struct Posted {
    pub(super) visit: Visit,
    pub(super) form: Form,
}

impl FromRequest<Pages> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, pages: &Pages) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, pages).await;
        let (uri, headers) = (parts.uri.clone(), parts.headers.clone());
        let form = read(Request::from_parts(parts, body)).await.map_err(Failure::into_response)?;
        let visit = match visit {
            Ok(visit) => visit,
            Err(Failure::Elsewhere(sign_in)) => {
                let carried = Unsent::new(&uri, &headers, form);
                return Err(carried.map_or_else(
                    || see_other(&sign_in),
                    |unsent| sign_in::before_sending_again(pages, &headers, &unsent),
                ));
            }
            Err(failure) => return Err(failure.into_response()),
        };
        if !pages.0.state.keys.is_seal(form.raw(TOKEN), "form", visit.session.log_in.as_bytes()) {
            return Err(Failure::of(Code::Forbidden).into_response());
        }
        Ok(Self { visit, form })
    }
}

/// The anti-forgery token of a session's forms.
pub(super) fn token(pages: &Pages, session: &PageSession) -> String {
    token_of(pages, session.log_in)
}

/// The same by the log-in that a session comes from.
pub(super) fn token_of(pages: &Pages, log_in: Uuid) -> String {
    pages.0.state.keys.seal("form", log_in.as_bytes()).unwrap_or_default()
}

/// A new idempotency key, so that a form that is sent twice is executed once.
pub(super) fn new_key() -> String {
    Uuid::new_v4().to_string()
}

/// A number, or what was typed in its place, so that the API names its field.
pub(super) fn number(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
}

/// Browsers send `Origin` with every form. Its scheme is not compared, because a proxy may have terminated TLS.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host_of = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_ascii_lowercase());
    match (text(header::ORIGIN).and_then(host_of), text(header::HOST)) {
        (Some(origin), Some(host)) => origin == host.to_ascii_lowercase(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_form_comes_from_a_page_of_ours() {
        let from = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("Ledger.example:8080"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            is_same_origin(&headers)
        };
        assert!(from(Some("http://ledger.example:8080")) && from(Some("https://LEDGER.example:8080")));
        for other in [None, Some("null"), Some("https://evil.example"), Some("https://ledger.example")] {
            assert!(!from(other), "{other:?}");
        }
    }
}
