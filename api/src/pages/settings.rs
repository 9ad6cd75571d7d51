//! `/ui/settings`: the preferences of this browser, and the password. For every role, each within its own shell.

use std::str::FromStr;

use askama::Template;
use axum::Router;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::zone::Tz;
use serde_json::{Value, json};

use super::client::Change;
use super::failure::Failure;
use super::form::{Form, FormErrors, Posted};
use super::preferences::{Preferences, Theme, zones};
use super::response::{page_with, see_other};
use super::shell::{Shell, Tab};
use super::visit::{STAFF, Visit};
use super::{Pages, session};
use crate::app::i18n::Language;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/settings", get(show).post(remember)).route("/ui/settings/password", post(change_password))
}

#[derive(Template)]
#[template(path = "settings/staff.html")]
struct StaffPage {
    shell: Shell,
    settings: Settings,
    errors: Option<FormErrors>,
}

#[derive(Template)]
#[template(path = "settings/member.html")]
struct MemberPage {
    shell: Shell,
    settings: Settings,
    errors: Option<FormErrors>,
}

impl StaffPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.errors.as_ref()?.at(field)
    }
}

impl MemberPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.errors.as_ref()?.at(field)
    }
}

/// The current preferences.
struct Settings {
    /// Empty: the language that the browser asks for.
    language: &'static str,
    theme: Theme,
    zone: &'static str,
    keys_off: bool,
    zones: Vec<&'static str>,
    /// Whether the settings were just saved.
    saved: bool,
}

impl Settings {
    fn of(visit: &Visit) -> Self {
        let Preferences { language, theme, keys_off, .. } = visit.preferences;
        Self {
            language: language.map_or("", Language::tag),
            theme,
            zone: visit.text.zone_name(),
            keys_off,
            zones: zones(),
            saved: visit.asked("saved").is_some(),
        }
    }
}

async fn show(visit: Visit) -> Result<Response, Failure> {
    shown(&visit, None).await
}

async fn shown(visit: &Visit, errors: Option<FormErrors>) -> Result<Response, Failure> {
    let settings = Settings::of(visit);
    let status = errors.as_ref().and_then(|errors| StatusCode::from_u16(errors.status).ok()).unwrap_or(StatusCode::OK);
    Ok(if visit.is_one_of(STAFF) {
        page_with(status, &StaffPage { shell: Shell::staff_own(visit).await?, settings, errors })
    } else {
        page_with(status, &MemberPage { shell: Shell::member(visit, Tab::Me), settings, errors })
    })
}

/// The new preferences. An unknown value leaves the old one.
fn chosen(form: &Form, before: Preferences) -> Preferences {
    Preferences {
        language: Language::from_tag(form.raw("language")),
        theme: Theme::from_name(form.raw("theme")).unwrap_or(before.theme),
        zone: Tz::from_str(form.raw("zone")).ok().or(before.zone),
        keys_off: form.text("keys").is_none(),
    }
}

async fn remember(Posted { visit, form }: Posted) -> Response {
    let mut response = see_other("/ui/settings?saved=yes").into_response();
    let cookie = chosen(&form, visit.preferences).cookie(visit.pages.0.state.secure_cookie);
    response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    response
}

/// Changes the password. All sessions end, including this one.
async fn change_password(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    let body = json!({"currentPassword": form.raw("currentPassword"), "newPassword": form.raw("newPassword")});
    let change = Change { body: Some(body), ..Change::default() };
    match visit.api.change::<Value>(Method::PATCH, "/auth/password", change).await {
        Ok(_) => {
            let mut response = see_other("/ui/sign-in?done=password").into_response();
            let over = session::end(visit.pages.0.state.secure_cookie);
            response.headers_mut().extend(over.map(|cookie| (header::SET_COOKIE, cookie)));
            Ok(response)
        }
        Err(refused) if refused.code == "invalid_credentials" => {
            let errors = FormErrors { title: visit.text.say("ui-settings-wrong-password"), ..FormErrors::of(&refused) };
            shown(&visit, Some(FormErrors { detail: String::new(), ..errors }.at_field("currentPassword"))).await
        }
        Err(refused) if matches!(refused.status, 400 | 429) => shown(&visit, Some(FormErrors::of(&refused))).await,
        Err(refused) => Err(refused.into()),
    }
}
