//! `/ui/claims`: all claims, newest first, filtered by status, event, member and day; the same list as CSV.

mod csv;
mod filter;

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use domain::Moment;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::Pages;
use super::claim::period;
use super::client::Refused;
use super::decide::{Named, Reward};
use super::event_names::event_names;
use super::failure::Failure;
use super::moment::Shown;
use super::response::page;
use super::shell::{Place, Shell};
use super::short_id::ShortId;
use super::text::say;
use super::value::{Amount, Credit};
use super::visit::{STAFF, Visit};
use filter::{Filter, field_of};

/// The statuses of a claim, in the order of the filter.
const STATUSES: [&str; 8] =
    ["pending", "granted", "fulfilled", "denied", "rejected", "expired", "fulfilment_failed", "reversed"];

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/claims", get(claims)).route("/ui/claims.csv", get(csv::csv))
}

/// One page of the API's list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claims {
    pub(super) claims: Vec<Line>,
    pub(super) next_cursor: Option<String>,
}

/// A claim in a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) id: String,
    user_id: String,
    event_id: String,
    reward: Reward,
    event: Named,
    pub(super) status: String,
    reason: Option<String>,
    period: String,
    credit: Option<Credit>,
    paid: Option<Amount>,
    created_at: Moment,
    updated_at: Moment,
}

/// The number of claims by status.
#[derive(Deserialize)]
struct Figures {
    claims: BTreeMap<String, i64>,
}

#[derive(Template)]
#[template(path = "claims/claims.html")]
struct ClaimsPage {
    shell: Shell,
    title: String,
    lead: String,
    figures: Vec<(String, String, String)>,
    then: bool,
    back: String,
    filter: Filter,
    /// Value, name, whether it is selected.
    statuses: Vec<(String, String, bool)>,
    events: Vec<(String, String, bool)>,
    kept: Vec<(String, String)>,
    rows: Result<Vec<Row>, Refused>,
    next: Option<String>,
    first: Option<String>,
    csv: String,
    all: String,
}

/// A row of the table.
pub(super) struct Row {
    pub(super) href: String,
    pub(super) claim: ShortId,
    pub(super) member: ShortId,
    pub(super) member_href: String,
    pub(super) reward: String,
    pub(super) event: String,
    pub(super) event_href: String,
    pub(super) status: String,
    pub(super) status_name: String,
    pub(super) reason: Option<String>,
    pub(super) period: String,
    pub(super) asked: String,
    pub(super) exact: String,
}

async fn claims(visit: Visit) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let shown = Shown::of(&visit).await?;
    let text = visit.text;
    let mut filter = Filter::of(&visit);
    let at = shown.at_position();
    let figures = [("atPosition", at.as_str())];
    let asks = !shown.is_then() && filter.errors.is_empty();
    let (shell, figures, events, list) = tokio::join!(
        Shell::staff(&visit, Place::Claims, &shown),
        visit.api.get::<Figures>("/dashboard", &figures),
        event_names(&visit),
        async { if asks { Some(filter.ask(&visit, visit.asked("cursor"), "50").await) } else { None } },
    );
    let figures = figures?.claims;
    let (list, next) = match list {
        Some(Ok(Claims { claims, next_cursor })) => (Ok(claims), next_cursor),
        Some(Err(refused)) if !refused.errors.is_empty() => {
            filter.errors = refused.errors.into_iter().map(|error| (field_of(&error.field), error.message)).collect();
            (Ok(vec![]), None)
        }
        Some(Err(refused)) if refused.status < 500 => return Err(refused.into()),
        Some(Err(refused)) => (Err(refused), None),
        None => (Ok(vec![]), None),
    };
    let total: i64 = figures.values().sum();
    let count = |status: &str| figures.get(status).copied().unwrap_or(0);
    let tally = STATUSES.iter().map(|status| {
        let words = text.say_of("status", status);
        ((*status).to_owned(), words, text.number(count(status)))
    });
    let tally: Vec<_> = tally.collect();
    let chosen = |value: &str, name: String, is: &str| (value.to_owned(), name, value == is);
    let groups = [("success", text.say("ui-claims-success")), ("failed", text.say("ui-claims-failed"))];
    let statuses = STATUSES.iter().map(|status| (*status, text.say_of("status", status))).chain(groups);
    let events = events.unwrap_or_default();
    let kept = visit.query.iter().filter(|(name, _)| ["zone", "at", "vs"].contains(&name.as_str())).cloned().collect();
    let csv = visit.link(&[("cursor", None), ("min", None)]).replacen("/ui/claims", "/ui/claims.csv", 1);
    Ok(page(&ClaimsPage {
        shell,
        title: text.say("ui-menu-claims"),
        lead: say!(text, "ui-claims-lead", count = total, waiting = count("pending"), refused = count("denied")),
        figures: tally,
        then: shown.is_then(),
        back: visit.link(&[("at", None)]),
        statuses: statuses.map(|(value, name)| chosen(value, name, &filter.status)).collect(),
        events: events.into_iter().map(|event| chosen(&event.id, event.name, &filter.event)).collect(),
        kept,
        rows: list.map(|list| list.iter().map(|line| Row::of(&visit, line)).collect()),
        next: next.map(|cursor| visit.link(&[("cursor", Some(&cursor))])),
        first: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
        csv,
        all: visit.to("/ui/claims"),
        filter,
    }))
}

impl Row {
    pub(super) fn of(visit: &Visit, line: &Line) -> Self {
        let text = visit.text;
        Self {
            href: visit.to(&format!("/ui/claims/{}", line.id)),
            claim: ShortId::of(&line.id),
            member: ShortId::of(&line.user_id),
            member_href: visit.to(&format!("/ui/members/{}", line.user_id)),
            reward: line.reward.name(text),
            event: line.event.name.clone().unwrap_or_else(|| ShortId::of(&line.event_id).plain()),
            event_href: visit.to(&format!("/ui/events/{}", line.event_id)),
            status: line.status.clone(),
            status_name: text.say_of("status", &line.status),
            reason: line.reason.as_deref().map(|reason| text.say_of("reason", reason)),
            period: period(text, &line.period),
            asked: text.moment(line.created_at),
            exact: line.created_at.to_string(),
        }
    }
}
