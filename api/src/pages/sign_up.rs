//! `/ui/sign-up`: creates an account and signs its owner in. An invitation is a link to this page with a code.

use askama::Template;
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::get;
use domain::zone::Tz;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Pages;
use super::client::{Change, Client};
use super::failure::Failure;
use super::form::{self, Form, FormErrors};
use super::preferences::{Preferences, Theme, zones};
use super::response::{page_with, see_other};
use super::sign_in::{begun, log_in};
use super::text::Text;
use crate::app::i18n;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/sign-up", get(ask).post(take_in))
}

#[derive(Template)]
#[template(path = "sign_up/sign_up.html")]
struct SignUpPage {
    text: Text,
    theme: Theme,
    form: Form,
    errors: Option<FormErrors>,
    zones: Vec<&'static str>,
    key: String,
}

impl SignUpPage {
    fn new(preferences: Preferences, form: Form) -> Self {
        let text = Text { language: i18n::current(), zone: preferences.zone.unwrap_or(Tz::UTC) };
        Self { text, theme: preferences.theme, form, errors: None, zones: zones(), key: form::new_key() }
    }

    fn value(&self, name: &str) -> &str {
        self.form.raw(name)
    }

    fn zone(&self) -> &str {
        self.form.text("timeZone").unwrap_or(self.text.zone_name())
    }

    fn wrong(&self, field: &str) -> Option<&str> {
        self.errors.as_ref()?.at(field)
    }
}

#[derive(Deserialize)]
struct Invited {
    #[serde(default)]
    invite: String,
}

async fn ask(Query(Invited { invite }): Query<Invited>, headers: HeaderMap) -> Response {
    let form = Form(vec![("inviteCode".to_owned(), invite.chars().take(64).collect())]);
    page_with(StatusCode::OK, &SignUpPage::new(Preferences::of(&headers), form))
}

async fn take_in(State(pages): State<Pages>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let preferences = Preferences::of(&parts.headers);
    let api = Client::new(&pages, None, &parts);
    let form = form::read(Request::from_parts(parts, body)).await?;
    let change = Change { body: Some(account(&form)), idempotency_key: form.idempotency_key(), if_match: None };
    let Err(refused) = api.change::<Value>(Method::POST, "/auth/signup", change).await else {
        let tokens = log_in(&api, form.raw("email").trim(), form.raw("password")).await?;
        return begun(&pages, &tokens.access_token, preferences, see_other("/ui/me")).await;
    };
    let errors = FormErrors::of(&refused);
    let errors = match refused.code.as_str() {
        "email_taken" => errors.at_field("email"),
        "invite_code_unknown" => errors.at_field("inviteCode"),
        _ if matches!(refused.status, 400 | 422 | 429 | 503) => errors,
        _ => return Err(refused.into()),
    };
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    // if the result is unknown, the same key keeps it from being done twice
    let key = form.idempotency_key().filter(|_| refused.is_unknown()).map_or_else(form::new_key, str::to_owned);
    Ok(page_with(status, &SignUpPage { errors: Some(errors), key, ..SignUpPage::new(preferences, form) }))
}

fn account(form: &Form) -> Value {
    let mut account = json!({
        "email": form.raw("email").trim(),
        "password": form.raw("password"),
        "birthDate": form.raw("birthDate").trim(),
    });
    for name in ["timeZone", "inviteCode"] {
        if let Some(value) = form.text(name) {
            account[name] = json!(value);
        }
    }
    account
}
