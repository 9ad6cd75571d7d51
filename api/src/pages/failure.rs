//! The error page: one for all errors, with a sentence, a remedy, the code and the request's id. It also replaces the
//! problem documents of the layers around the pages.

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Map;

use super::client::Refused;
use super::preferences::{Preferences, Theme};
use super::response::{page_with, see_other};
use super::text::Text;
use crate::app::i18n::Language;
use crate::app::problem::{Code, Problem};
use domain::zone::Tz;

/// The longest problem document.
const LONGEST_PROBLEM_BYTES: usize = 64 * 1024;

/// Why a page cannot be shown.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// The API refused it.
    Refused(Box<Refused>),
    /// Redirects: to sign in, or to the position that a time means.
    Elsewhere(String),
}

/// An extension of the response for [`as_page`], which knows the language.
#[derive(Debug, Clone)]
struct Failed(Box<Refused>);

impl Failure {
    /// An error with a code of the API.
    pub(super) fn of(code: Code) -> Self {
        Self::from(Problem::new(code))
    }

    /// A bug: logged here, without details on the page.
    pub(super) fn broken(context: &str, error: &dyn std::fmt::Display) -> Self {
        Self::from(Problem::internal(context, error))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let document = problem.document();
        let text = |name: &str| document.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        Self::from(Refused {
            status: problem.code().status().as_u16(),
            code: problem.code().name().to_owned(),
            title: text("title"),
            detail: text("detail"),
            errors: vec![],
            instance: String::new(),
            more: Map::new(),
        })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Elsewhere(location) => see_other(&location),
            Self::Refused(refused) => {
                let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = status.into_response();
                response.extensions_mut().insert(Failed(refused));
                response
            }
        }
    }
}

pub(super) async fn nothing_here() -> Failure {
    Failure::of(Code::NotFound)
}

pub(super) async fn other_method() -> Failure {
    Failure::of(Code::MethodNotAllowed)
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    text: Text,
    theme: Theme,
    refused: &'a Refused,
    path: &'a str,
}

impl FailurePage<'_> {
    /// What to do about it.
    fn remedy(&self) -> String {
        self.text.say(match self.refused.status {
            401 => "ui-failure-sign-in",
            403 => "ui-failure-ask-for-role",
            404 => "ui-failure-look-elsewhere",
            405 => "ui-failure-start-again",
            429 => "ui-failure-wait",
            503 => "ui-failure-not-known",
            400..=499 => "ui-failure-correct",
            _ => "ui-failure-tell-operators",
        })
    }

    fn retries(&self) -> bool {
        matches!(self.refused.status, 429 | 503)
    }

    fn id(&self) -> &str {
        self.refused.instance.trim_start_matches("urn:uuid:")
    }
}

/// Sets the reader's language, and turns errors into pages.
pub(super) async fn as_page(mut request: Request, next: Next) -> Response {
    let preferences = Preferences::of(request.headers());
    let language = preferences.language.unwrap_or_else(|| Language::preferred(request.headers()));
    request.headers_mut().insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(language.tag()));
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    let refused = match response.extensions_mut().remove::<Failed>() {
        Some(Failed(refused)) => *refused,
        None if is_problem(&response) => match read(&mut response).await {
            Some(refused) => refused,
            None => return response,
        },
        None => return response,
    };
    let text = Text { language, zone: preferences.zone.unwrap_or(Tz::UTC) };
    let path = uri.path_and_query().map_or("/ui", |path| path.as_str());
    let refused = Refused { instance: id_of(&response, refused.instance.clone()), ..refused };
    let page = FailurePage { text, theme: preferences.theme, refused: &refused, path };
    let mut shown = page_with(response.status(), &page);
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH {
            shown.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
    }
    shown
}

fn id_of(response: &Response, instance: String) -> String {
    let id = response.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    id.map_or(instance, str::to_owned)
}

fn is_problem(response: &Response) -> bool {
    let media = response.headers().get(header::CONTENT_TYPE);
    media.is_some_and(|media| media.as_bytes() == b"application/problem+json")
}

async fn read(response: &mut Response) -> Option<Refused> {
    let body = std::mem::replace(response.body_mut(), Body::empty());
    let bytes = to_bytes(body, LONGEST_PROBLEM_BYTES).await.ok()?;
    serde_json::from_slice(&bytes).ok()
}
