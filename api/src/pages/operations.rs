//! `/ui/operations`: whether anything lags or has stopped, and what an administrator can do: let a follower retry, or
//! skip the event that it cannot fold. Both need a reason, which is recorded.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{get, post};
use domain::role::Role;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::Pages;
use super::client::Change;
use super::failure::Failure;
use super::form::{self, Posted};
use super::moment::Shown;
use super::response::{page, see_other};
use super::shell::{Place, Shell};
use super::text::say;
use super::visit::Visit;
use crate::app::problem::Code;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/operations", get(show)).route("/ui/operations/{name}/{step}", post(decide))
}

#[derive(Template)]
#[template(path = "operations/operations.html")]
struct OperationsPage {
    shell: Shell,
    lead: String,
    followers: Vec<Follower>,
    letters: Option<DeadLetters>,
    /// An idempotency key for each form of the page.
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct Operations {
    projections: Vec<Follower>,
    reactors: Vec<Follower>,
    relay: Option<Follower>,
    intake: Option<Intake>,
}

/// A projection, a reactor or the relay.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Follower {
    name: String,
    position: i64,
    lag_events: i64,
    lag_ms: i64,
    state: String,
    stopped: Option<Stopped>,
}

#[derive(Deserialize)]
struct Stopped {
    position: i64,
    error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Intake {
    dead_letters: DeadLetters,
}

#[derive(Deserialize)]
struct DeadLetters {
    topic: String,
    count: i64,
    latest: Vec<DeadLetter>,
}

#[derive(Deserialize)]
struct DeadLetter {
    offset: i64,
    reason: String,
    detail: String,
    source: Option<String>,
}

impl Follower {
    fn is_well(&self) -> bool {
        matches!(self.state.as_str(), "following" | "off")
    }
}

async fn show(visit: Visit) -> Result<Response, Failure> {
    visit.only(&[Role::Admin])?;
    let shown = Shown::now(&visit).await?;
    let (read, shell) =
        tokio::join!(visit.api.get::<Operations>("/operations", &[]), Shell::staff(&visit, Place::Operations, &shown));
    let Operations { projections, reactors, relay, intake } = read?;
    let followers: Vec<_> = projections.into_iter().chain(reactors).chain(relay).collect();
    let in_trouble = followers.iter().filter(|follower| !follower.is_well()).count();
    let furthest = followers.iter().map(|follower| follower.lag_events).max().unwrap_or(0);
    let lead = if in_trouble > 0 {
        say!(visit.text, "ui-operations-trouble", count = in_trouble)
    } else {
        say!(visit.text, "ui-operations-well", count = furthest)
    };
    let keys = followers.iter().map(|_| form::new_key()).collect();
    let letters = intake.map(|intake| intake.dead_letters);
    Ok(page(&OperationsPage { shell, lead, followers, letters, keys }))
}

async fn decide(Path((name, step)): Path<(String, String)>, posted: Posted) -> Result<Response, Failure> {
    let Posted { visit, form } = posted;
    visit.only(&[Role::Admin])?;
    let is_known = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let note = form.text("note").unwrap_or_default();
    let body = match step.as_str() {
        "retry" => json!({"note": note}),
        "skip" => json!({"note": note, "position": form.text("position").and_then(|text| text.parse::<i64>().ok())}),
        _ => return Err(Failure::of(Code::NotFound)),
    };
    if !is_known {
        return Err(Failure::of(Code::NotFound));
    }
    let change = Change { body: Some(body), idempotency_key: form.idempotency_key(), ..Change::default() };
    let path = format!("/operations/projections/{name}/{step}");
    visit.api.change::<IgnoredAny>(Method::POST, &path, change).await?;
    Ok(see_other("/ui/operations"))
}
