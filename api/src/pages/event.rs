//! `/ui/events/{id}`: whether an event works, and how long its stock lasts. Numbers and the rule are as of the moment
//! that is shown. Its name, dates and terms are those of now, and the page says so.

mod asked;
mod changes;
mod days;
mod header;
mod members;
mod met;
pub(super) mod outlook;
mod rewards;
mod rule_met;
mod steps;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use uuid::Uuid;

use super::Pages;
use super::budgets::left::BudgetsLeft;
use super::client::Refused;
use super::failure::Failure;
use super::moment::{Shown, Stamp};
use super::part::part;
use super::response::page_with;
use super::shell::{Place, Shell};
use super::visit::{OPERATORS, STAFF, Visit};
use crate::app::problem::Code;
use asked::Asked;
pub(super) use asked::{Event, Reward, StockAnalytics};

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/ui/events/{id}", get(event))
        .route("/ui/events/{id}/pause", post(steps::pause))
        .route("/ui/events/{id}/resume", post(steps::resume))
        .route("/ui/events/{id}/end", post(steps::end))
}

/// The context that all parts of the page share.
pub(super) struct Frame<'a> {
    pub(super) visit: &'a Visit,
    pub(super) now: Stamp,
    pub(super) at: String,
    pub(super) versus: Option<Stamp>,
    pub(super) is_then: bool,
    pub(super) event: &'a Event,
}

#[derive(Template)]
#[template(path = "event/event.html")]
struct EventPage {
    shell: Shell,
    id: String,
    id_end: String,
    name: String,
    events_href: String,
    header: header::Header,
    figures: String,
    outlook: String,
    members: String,
    rule: String,
    days: String,
    rewards: String,
    /// What its budgets leave; nothing where it has none.
    budgets: Option<String>,
    changes: String,
    is_then: bool,
    /// Why an action failed.
    notice: Option<steps::Notice>,
    actions: Option<steps::Actions>,
}

/// Checks an id of a path: anything else is not found.
pub(super) fn id_of(text: &str) -> Result<String, Failure> {
    Uuid::try_parse(text).map(|id| id.to_string()).map_err(|_| Failure::of(Code::NotFound))
}

async fn event(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    show(&visit, &id_of(&id)?, None).await
}

/// Shows the page, with the reason if an action failed.
async fn show(visit: &Visit, id: &str, refused: Option<steps::NotTaken>) -> Result<Response, Failure> {
    let shown = Shown::of(visit).await?;
    let answer = visit.api.read::<Event>(&format!("/events/{id}"), &[]).await?;
    let (event, seen) = (answer.body, answer.etag.unwrap_or_default());
    let versus = shown.versus_or(visit, chrono::TimeDelta::days(7)).await.unwrap_or_default();
    let frame =
        Frame { visit, now: shown.moment(), at: shown.at_position(), versus, is_then: shown.is_then(), event: &event };
    let (shell, asked) = tokio::join!(Shell::staff(visit, Place::Events, &shown), Asked::of(&frame));
    // the event did not exist at that moment
    if let (true, Err(Refused { status: 404, .. })) = (shown.is_then(), &asked.analytics) {
        return Err(Failure::of(Code::NotFound));
    }
    if let Some(fragment) = visit.fragment() {
        let file = match (fragment, &asked.analytics, &asked.scarcest().map(|stock| &stock.analytics)) {
            ("days.csv", Ok(analytics), _) => Some(days::table(&frame, analytics).file()),
            ("stock.csv", _, Some(Ok(analytics))) => Some(outlook::table(&frame, analytics).file()),
            _ => None,
        };
        return file.ok_or_else(|| Failure::of(Code::NotFound));
    }
    let text = visit.text;
    let analytics = asked.analytics.as_ref().map_err(Clone::clone);
    let met = met::of(&frame, &asked).await;
    let status = refused.as_ref().map_or(StatusCode::OK, steps::NotTaken::status);
    let may_change = visit.is_one_of(OPERATORS) && !shown.is_then();
    let end = id.get(id.len().saturating_sub(4)..).unwrap_or_default();
    Ok(page_with(
        status,
        &EventPage {
            id: id.to_owned(),
            id_end: end.to_owned(),
            name: event.name.clone(),
            events_href: visit.to("/ui/events"),
            header: header::of(&frame, &asked, met.as_ref()),
            figures: part(text, analytics.clone().map(|one| header::figures(&frame, &asked, one, met.as_ref()))),
            outlook: asked.scarcest().map_or_else(String::new, |stock| {
                part(
                    text,
                    stock.analytics.as_ref().map(|one| outlook::of(&frame, &stock.reward, one)).map_err(Clone::clone),
                )
            }),
            members: part(
                text,
                analytics.clone().map(|one| members::of(&frame, one, asked.then.as_ref(), met.as_ref())),
            ),
            rule: part(text, analytics.clone().map(|one| rule_met::of(&frame, one))),
            days: part(text, analytics.clone().map(|one| days::of(&frame, one))),
            rewards: rewards::of(&frame, &asked, may_change),
            budgets: asked.budgets.clone().and_then(|all| BudgetsLeft::part_of_event(visit, all, id)),
            changes: part(text, analytics.map(|one| changes::of(&frame, one, &asked.marks))),
            is_then: shown.is_then(),
            notice: refused.map(|refused| steps::Notice::of(&frame, &refused)),
            actions: may_change.then(|| steps::Actions::of(&frame, seen)),
            shell,
        },
    ))
}
