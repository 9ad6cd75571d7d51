//! `/ui/claims`: all claims, newest first, filtered by status, event, member and day; the same list as CSV.

use askama::Template;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::NaiveDate;
use domain::Moment;
use domain::zone::first_moment;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::Pages;
use super::claim::{id_of, period};
use super::client::Refused;
use super::decide::{Named, Reward};
use super::failure::Failure;
use super::moment::Shown;
use super::response::page;
use super::shell::{Place, Shell};
use super::short_id::ShortId;
use super::text::{Text, say};
use super::visit::{STAFF, Visit};

/// How many pages of 200 claims a file holds at most.
const CSV_PAGES: usize = 50;
/// The statuses of a claim, in the order of the filter.
const STATUSES: [&str; 8] =
    ["pending", "granted", "fulfilled", "denied", "rejected", "expired", "fulfilment_failed", "reversed"];

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/claims", get(claims)).route("/ui/claims.csv", get(csv))
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
    created_at: Moment,
    updated_at: Moment,
}

#[derive(Deserialize)]
struct Events {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    name: String,
}

/// The number of claims by status.
#[derive(Deserialize)]
struct Figures {
    claims: BTreeMap<String, i64>,
}

/// The filter as it was typed, and its errors.
#[derive(Default)]
struct Filter {
    status: String,
    event: String,
    member: String,
    from: String,
    to: String,
    query: Vec<(&'static str, String)>,
    errors: Vec<(String, String)>,
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
        visit.api.get::<Events>("/events", &[("limit", "200")]),
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
    let events = events.map(|events| events.events).unwrap_or_default();
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

/// The form field for a field that the API names.
fn field_of(field: &str) -> String {
    match field.trim_start_matches("query.") {
        "eventId" => "event",
        "userId" => "member",
        other => other,
    }
    .to_owned()
}

impl Filter {
    fn of(visit: &Visit) -> Self {
        let typed = |name: &str| visit.asked(name).unwrap_or_default().trim().to_owned();
        let mut filter = Self {
            status: typed("status"),
            event: typed("event"),
            member: typed("member"),
            from: typed("from"),
            to: typed("to"),
            query: vec![],
            errors: vec![],
        };
        let text = visit.text;
        if !filter.status.is_empty() {
            filter.query.push(("status", filter.status.clone()));
        }
        filter.id("event", "eventId", &filter.event.clone(), text);
        filter.id("member", "userId", &filter.member.clone(), text);
        filter.day("from", &filter.from.clone(), 0, text);
        // the last day is included
        filter.day("to", &filter.to.clone(), 1, text);
        filter
    }

    fn id(&mut self, name: &'static str, asked: &'static str, typed: &str, text: Text) {
        match id_of(typed) {
            _ if typed.is_empty() => {}
            Ok(id) => self.query.push((asked, id)),
            Err(_) => self.errors.push((name.to_owned(), text.say("ui-claims-no-id"))),
        }
    }

    fn day(&mut self, name: &'static str, typed: &str, later: u64, text: Text) {
        let date = NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok();
        match date.and_then(|date| date.checked_add_days(chrono::Days::new(later))) {
            _ if typed.is_empty() => {}
            Some(date) => self.query.push((name, first_moment(date, text.zone).to_string())),
            None => self.errors.push((name.to_owned(), text.say("ui-claims-no-day"))),
        }
    }

    async fn ask(&self, visit: &Visit, cursor: Option<&str>, limit: &str) -> Result<Claims, Refused> {
        let mut query: Vec<(&str, &str)> = self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query.push(("limit", limit));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        visit.api.get("/claims", &query).await
    }

    fn error_of(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(of, _)| *of == field).map(|(_, message)| message.as_str())
    }
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

/// The filtered claims as a file, newest first, at most 10,000.
async fn csv(visit: Visit) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let filter = Filter::of(&visit);
    if let Some((field, message)) = filter.errors.first() {
        let error = super::client::FieldRefused { field: field.clone(), message: message.clone() };
        return Err(Failure::from(Refused {
            status: 400,
            code: "validation_failed".to_owned(),
            title: visit.text.say("ui-decide-to-correct"),
            detail: String::new(),
            errors: vec![error],
            instance: String::new(),
            more: serde_json::Map::new(),
        }));
    }
    let mut file = "id,status,reason,userId,eventId,event,reward,type,amount,period,createdAt,updatedAt\r\n".to_owned();
    let mut cursor: Option<String> = None;
    for _ in 0..CSV_PAGES {
        let Claims { claims, next_cursor } = filter.ask(&visit, cursor.as_deref(), "200").await?;
        for line in &claims {
            line.write(&mut file);
        }
        cursor = next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"claims.csv\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, file).into_response())
}

impl Line {
    fn write(&self, file: &mut String) {
        let (created, updated) = (self.created_at.to_string(), self.updated_at.to_string());
        let amount = self.reward.amount.to_string();
        let cells = [
            &self.id,
            &self.status,
            self.reason.as_deref().unwrap_or_default(),
            &self.user_id,
            &self.event_id,
            self.event.name.as_deref().unwrap_or_default(),
            self.reward.name.as_deref().unwrap_or_default(),
            &self.reward.kind,
            &amount,
            &self.period,
            &created,
            &updated,
        ];
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                file.push(',');
            }
            file.push_str(&quoted(cell));
        }
        file.push_str("\r\n");
    }
}

/// A quoted cell. An apostrophe comes before text that a spreadsheet would read as a formula.
pub(super) fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = cell.replace('"', "\"\"");
    if formula { format!("\"'{cell}\"") } else { format!("\"{cell}\"") }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_cell_is_a_text_and_never_a_formula() {
        for (cell, written) in [("Coffee", "\"Coffee\""), ("a \"b\", c", "\"a \"\"b\"\", c\""), ("=1+1", "\"'=1+1\"")] {
            assert_eq!(quoted(cell), written);
        }
    }
}
