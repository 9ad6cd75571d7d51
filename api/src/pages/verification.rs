//! `/ui/verification`: whether the log was altered: each check, how much it covered, its first failure; the checks that
//! were left out; the signed checkpoints. Auditors start a run here.

use askama::Template;
use axum::Router;
use axum::http::Method;
use axum::response::Response;
use axum::routing::get;
use domain::Moment;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Pages;
use super::client::Change;
use super::failure::Failure;
use super::form::{self, Posted};
use super::moment::Shown;
use super::response::{page, see_other};
use super::shell::{Place, Shell};
use super::text::say;
use super::visit::{AUDITORS, Visit};

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/verification", get(show).post(start))
}

#[derive(Template)]
#[template(path = "verification/verification.html")]
struct VerificationPage {
    shell: Shell,
    lead: String,
    run: Option<Run>,
    is_running: bool,
    may_start: bool,
    key: String,
    checkpoints: Vec<Checkpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    position: i64,
    started_at: Moment,
    finished_at: Option<Moment>,
    checks: Vec<Check>,
    left_out: Vec<String>,
    #[serde(default)]
    not_looked_at: Vec<NotLookedAt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    name: String,
    ok: bool,
    checked: i64,
    first_failure: Option<FirstFailure>,
}

#[derive(Deserialize)]
struct FirstFailure {
    position: Option<i64>,
    reason: String,
}

#[derive(Deserialize)]
struct NotLookedAt {
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct Checkpoints {
    checkpoints: Vec<Checkpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checkpoint {
    position: i64,
    at: Moment,
    #[serde(default)]
    key_id: String,
    note: String,
}

async fn show(visit: Visit) -> Result<Response, Failure> {
    visit.only(AUDITORS)?;
    let shown = Shown::of(&visit).await?;
    let (run, checkpoints, shell) = tokio::join!(
        visit.api.get::<Run>("/audit/verification", &[]),
        visit.api.get::<Checkpoints>("/audit/checkpoints", &[("limit", "50")]),
        Shell::staff(&visit, Place::Verification, &shown)
    );
    let run = match run {
        Ok(run) => Some(run),
        Err(refused) if refused.status == 404 => None,
        Err(refused) => return Err(refused.into()),
    };
    let lead = lead(&visit, run.as_ref());
    let is_running = run.as_ref().is_some_and(|run| run.finished_at.is_none());
    let may_start = !shown.is_then() && !is_running;
    let checkpoints = checkpoints.map(|read| read.checkpoints).unwrap_or_default();
    Ok(page(&VerificationPage { shell, lead, run, is_running, may_start, key: form::new_key(), checkpoints }))
}

/// The result in one sentence.
fn lead(visit: &Visit, run: Option<&Run>) -> String {
    let text = visit.text;
    let Some(run) = run else { return text.say("ui-verification-never") };
    let Some(finished) = run.finished_at else {
        return say!(text, "ui-verification-running", since = text.clock(run.started_at));
    };
    let failed = run.checks.iter().filter(|check| !check.ok).count();
    let at = text.exact_moment(finished);
    if failed == 0 {
        say!(text, "ui-verification-holds", count = run.position, checks = run.checks.len(), at = at)
    } else {
        say!(text, "ui-verification-failed", failed = failed, count = run.position, at = at)
    }
}

async fn start(Posted { visit, form }: Posted) -> Result<Response, Failure> {
    visit.only(AUDITORS)?;
    let change = Change { idempotency_key: form.idempotency_key(), ..Change::default() };
    visit.api.change::<IgnoredAny>(Method::POST, "/audit/verification", change).await?;
    Ok(see_other("/ui/verification"))
}
