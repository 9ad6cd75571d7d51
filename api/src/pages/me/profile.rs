//! `/ui/me/profile`: the member's public profile and time zone.

use std::str::FromStr;

use askama::Template;
use axum::Router;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Utc};
use domain::Moment;
use domain::zone::Tz;
use serde_json::{Value, json};

use super::MEMBERS;
use super::asked::{Me, User};
use crate::pages::Pages;
use crate::pages::client::{Change, Refused};
use crate::pages::failure::Failure;
use crate::pages::form::{Form, FormErrors, Posted};
use crate::pages::preferences::{Preferences, zones};
use crate::pages::response::{page_with, see_other};
use crate::pages::shell::{Shell, Tab};
use crate::pages::text::say;
use crate::pages::visit::Visit;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/me/profile", get(show).post(change))
}

#[derive(Template)]
#[template(path = "me/profile.html")]
struct ProfilePage {
    shell: Shell,
    user: User,
    joined: String,
    zones: Vec<&'static str>,
    errors: Option<FormErrors>,
    saved: bool,
}

impl ProfilePage {
    fn of(visit: &Visit, user: User, errors: Option<FormErrors>) -> Self {
        let joined = visit.text.day_with_year(visit.text.day_of(user.created_at));
        let joined = say!(visit.text, "ui-me-joined", day = joined);
        let saved = visit.asked("saved").is_some();
        Self { shell: Shell::member(visit, Tab::Me), user, joined, zones: zones(), errors, saved }
    }

    fn wrong(&self, field: &str) -> Option<&str> {
        self.errors.as_ref()?.at(field)
    }
}

async fn show(visit: Visit) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let me: Me = visit.api.get("/auth/me", &[]).await?;
    Ok(page_with(StatusCode::OK, &ProfilePage::of(&visit, me.user, None)))
}

/// The changed fields; an empty field removes a text.
fn changes(form: &Form, user: &User) -> Value {
    let mut changes = json!({});
    for (name, before) in
        [("nickname", &user.nickname), ("bio", &user.bio), ("profileImageUrl", &user.profile_image_url)]
    {
        let now = form.text(name);
        if now != before.as_deref() {
            changes[name] = json!(now);
        }
    }
    if let Some(zone) = form.text("timeZone").filter(|zone| *zone != user.time_zone) {
        changes["timeZone"] = json!(zone);
    }
    changes
}

async fn change(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let me: Me = visit.api.get("/auth/me", &[]).await?;
    let body = changes(&form, &me.user);
    let done = || see_other("/ui/me/profile?saved=yes");
    if body == json!({}) {
        return Ok(done());
    }
    let zone = body["timeZone"].as_str().and_then(|zone| Tz::from_str(zone).ok());
    let change = Change { body: Some(body), ..Change::default() };
    let refused = match visit.api.change::<Value>(Method::PATCH, "/auth/profile", change).await {
        Ok(_) => {
            let mut response = done();
            // the member's days are read in the member's zone
            let preferences = Preferences { zone: zone.or(visit.preferences.zone), ..visit.preferences };
            let cookie = preferences.cookie(visit.pages.0.state.secure_cookie);
            response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
            return Ok(response);
        }
        Err(refused) if matches!(refused.status, 400 | 409) => refused,
        Err(refused) => return Err(refused.into()),
    };
    let errors = match refused.code.as_str() {
        "nickname_taken" => FormErrors::of(&refused).at_field("nickname"),
        "time_zone_locked" => locked(&visit, &refused),
        _ => FormErrors::of(&refused),
    };
    let typed = |name: &str| Some(form.raw(name).to_owned()).filter(|typed| !typed.is_empty());
    let user = User {
        nickname: typed("nickname"),
        bio: typed("bio"),
        profile_image_url: typed("profileImageUrl"),
        time_zone: typed("timeZone").unwrap_or(me.user.time_zone.clone()),
        ..me.user
    };
    let status = StatusCode::from_u16(refused.status).unwrap_or(StatusCode::BAD_REQUEST);
    Ok(page_with(status, &ProfilePage::of(&visit, user, Some(errors))))
}

/// The error while the time zone is locked, with the time at which it can be changed.
fn locked(visit: &Visit, refused: &Refused) -> FormErrors {
    let errors = FormErrors::of(refused);
    let allowed = refused.more.get("allowedAt").and_then(Value::as_str);
    let allowed = allowed.and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    let Some(at) = allowed.map(|at| Moment::from(at.with_timezone(&Utc))) else { return errors.at_field("timeZone") };
    let said = say!(visit.text, "ui-me-zone-locked", at = visit.text.exact_moment(at));
    FormErrors { fields: vec![("timeZone".to_owned(), said)], ..errors }
}
