//! `/ui/log` and `/ui/log/{position}`: the log, newest first, with one event beside it: its place in the chain, its
//! payload, who caused it and why.

mod minutes;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::Pages;
use super::client::Refused;
use super::failure::Failure;
use super::moment::Shown;
use super::proof::{Chain, LogEvent};
use super::response::{page, see_other};
use super::shell::{Place, Shell};
use super::text::{Text, say};
use super::visit::{AUDITORS, Visit};
use crate::app::problem::Code;
use minutes::Minutes;

/// The default number of rows, and the numbers to choose from.
const ROWS: &str = "100";
const SIZES: [&str; 3] = ["50", "100", "500"];
/// How many rows an export has.
const EXPORTED: &str = "1000";

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/log", get(log)).route("/ui/log/{position}", get(event))
}

#[derive(Template)]
#[template(path = "log/log.html")]
struct LogPage {
    shell: Shell,
    lead: String,
    q: String,
    types: Vec<(&'static str, bool)>,
    actor: String,
    sizes: Vec<(&'static str, bool)>,
    minutes: Option<Minutes>,
    events: Vec<LogEvent>,
    /// The link of each row.
    links: Vec<String>,
    range: String,
    older: Option<String>,
    newest: String,
    csv: String,
    ndjson: String,
    /// Events after this position are announced as new; `None` if the page does not wait for new events.
    newer_than: Option<i64>,
    card: Option<Card>,
}

impl LogPage {
    fn is_selected(&self, event: &LogEvent) -> bool {
        self.card.as_ref().is_some_and(|card| card.position == event.position)
    }
}

/// The event beside the list.
struct Card {
    position: i64,
    chain: Chain,
    payload: String,
    facts_then: Option<String>,
    explain: Option<String>,
    origin: Option<super::proof::Origin>,
    about: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    events: Vec<LogEvent>,
    #[serde(default)]
    next_before: Option<i64>,
    head: i64,
}

async fn log(visit: Visit) -> Result<Response, Failure> {
    visit.only(AUDITORS)?;
    let asked = visit.asked("q").map(str::trim).map(|asked| asked.replace(',', ""));
    match asked.as_deref() {
        Some(position) if position.parse::<i64>().is_ok() => Ok(see_other(&visit.to(&format!("/ui/log/{position}")))),
        Some(_) | None => show(visit, None).await,
    }
}

async fn event(Path(position): Path<String>, visit: Visit) -> Result<Response, Failure> {
    visit.only(AUDITORS)?;
    let position = position.parse::<i64>().ok().filter(|position| *position > 0);
    let position = position.ok_or_else(|| Failure::of(Code::NotFound))?;
    show(visit, Some(position)).await
}

async fn show(visit: Visit, selected: Option<i64>) -> Result<Response, Failure> {
    let shown = Shown::of(&visit).await?;
    let export = visit.asked("format").filter(|format| ["csv", "ndjson"].contains(format)).map(str::to_owned);
    let limit = match &export {
        Some(_) => EXPORTED,
        None => visit.asked("limit").filter(|limit| SIZES.contains(limit)).unwrap_or(ROWS),
    };
    let limit = limit.to_owned();
    let read = read(&visit, &shown, selected, &limit).await?;
    if let Some(format) = export {
        return Ok(exported(&read.events, &format));
    }
    let wanted = selected.or_else(|| read.events.first().map(|event| event.position));
    let (card, minutes, shell) = tokio::join!(
        async {
            match wanted {
                Some(position) => card(&visit, position).await,
                None => Ok(None),
            }
        },
        Minutes::of(&visit, &shown),
        Shell::staff(&visit, Place::Log, &shown)
    );
    let card = card?;
    if selected.is_some() && card.is_none() {
        return Err(Failure::of(Code::NotFound));
    }
    Ok(page(&log_page(&visit, &shown, shell, read, minutes, card, &limit)))
}

/// Reads the rows that match the filter, up to the moment that is shown.
async fn read(visit: &Visit, shown: &Shown, selected: Option<i64>, limit: &str) -> Result<Read, Refused> {
    let end = shown.moment().position.saturating_add(1);
    // a linked event is shown with some events after it
    let from_link = selected.map(|position| position.saturating_add(20).min(end));
    let before = visit.asked("before").and_then(|before| before.parse::<i64>().ok()).or(from_link);
    let before = match before {
        Some(before) => Some(before.min(end)),
        None => shown.is_then().then_some(end),
    };
    let before = before.map(|before| before.to_string());
    let id = visit.asked("q").map(|id| id.trim().to_ascii_lowercase());
    let mut found = filtered(visit, before.as_deref(), limit, id.as_deref().map(|id| ("subject", id))).await?;
    // claims and referrals have their own streams, whose subject is a member
    if let (true, Some(id)) = (found.events.is_empty(), &id) {
        found = filtered(visit, before.as_deref(), limit, Some(("streamId", id))).await?;
    }
    Ok(found)
}

async fn filtered(visit: &Visit, before: Option<&str>, limit: &str, id: Option<(&str, &str)>) -> Result<Read, Refused> {
    let mut query = vec![("order", "desc"), ("limit", limit)];
    query.extend(before.map(|before| ("before", before)));
    query.extend(visit.asked("type").map(|of| ("type", of)));
    query.extend(visit.asked("actor").map(|actor| ("actor", actor)));
    query.extend(id);
    visit.api.get("/audit/log", &query).await
}

/// The types of streams whose events concern a member.
const OF_MEMBERS: [&str; 8] = ["claim", "member", "activity", "referral", "spend", "wallet", "adjustment", "transfer"];

async fn card(visit: &Visit, position: i64) -> Result<Option<Card>, Refused> {
    let chain = Chain::around(visit, position).await?;
    let Some(event) = chain.event() else { return Ok(None) };
    let payload: serde_json::Value = serde_json::from_str(event.payload.get()).unwrap_or_default();
    let payload = serde_json::to_string_pretty(&payload).unwrap_or_default();
    let is_claim = event.stream_type == "claim";
    let explain = is_claim.then(|| visit.to(&format!("/ui/claims/{}", event.stream_id)));
    let of_member = OF_MEMBERS.contains(&event.stream_type.as_str());
    let facts_then = of_member.then(|| format!("/ui/members/{}?at={position}", event.subject));
    let about = say!(
        visit.text,
        "ui-log-about",
        epoch = event.epoch,
        stream = event.stream_type.clone(),
        sequence = event.sequence
    );
    let origin = event.origin();
    Ok(Some(Card { position, payload, facts_then, explain, origin, about, chain }))
}

fn log_page(
    visit: &Visit,
    shown: &Shown,
    shell: Shell,
    read: Read,
    minutes: Option<Minutes>,
    card: Option<Card>,
    limit: &str,
) -> LogPage {
    let text = visit.text;
    let at = |position: i64| visit.link(&[("before", Some(&position.to_string())), ("q", visit.asked("q"))]);
    let range = match (read.events.last(), read.events.first()) {
        (Some(last), Some(first)) => {
            say!(text, "ui-log-range", from = last.position, to = first.position, of = shown.moment().position)
        }
        _ => String::new(),
    };
    let chosen = visit.asked("type").unwrap_or_default().to_owned();
    let mut types: Vec<_> = domain::event::types().map(|of| (of.name, of.name == chosen)).collect();
    types.sort_unstable();
    let link = |event: &LogEvent| visit.link(&[]).replacen(visit.uri.path(), &format!("/ui/log/{}", event.position), 1);
    let is_newest = visit.asked("before").is_none() && !shown.is_then();
    let list = "/ui/log";
    LogPage {
        lead: say!(text, "ui-log-lead", count = shown.moment().position),
        q: visit.asked("q").unwrap_or_default().to_owned(),
        types,
        actor: visit.asked("actor").unwrap_or_default().to_owned(),
        sizes: SIZES.iter().map(|size| (*size, *size == limit)).collect(),
        minutes,
        links: read.events.iter().map(link).collect(),
        range,
        older: read.next_before.map(at),
        newest: visit.link(&[("before", None)]).replacen(visit.uri.path(), list, 1),
        csv: visit.link(&[("format", Some("csv"))]),
        ndjson: visit.link(&[("format", Some("ndjson"))]),
        newer_than: is_newest.then_some(read.head),
        events: read.events,
        shell,
        card,
    }
}

/// The rows as a file.
fn exported(events: &[LogEvent], format: &str) -> Response {
    let text: String = events.iter().map(|event| if format == "csv" { csv(event) } else { ndjson(event) }).collect();
    let head = if format == "csv" { "position,recordedAt,type,streamType,streamId,subject,actor,hash\n" } else { "" };
    let media = if format == "csv" { "text/csv; charset=utf-8" } else { "application/x-ndjson" };
    let name = format!("attachment; filename=\"log.{format}\"");
    let mut response = ([(header::CONTENT_TYPE, media)], format!("{head}{text}")).into_response();
    let name = HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("attachment"));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    response
}

/// A line of CSV, without quotes: ids, names from the program and hashes contain no comma, quote or formula.
fn csv(event: &LogEvent) -> String {
    let actor = event.origin().map(|origin| origin.actor).unwrap_or_default();
    let LogEvent { position, recorded_at, event_type, stream_type, stream_id, subject, hash, .. } = event;
    format!("{position},{recorded_at},{event_type},{stream_type},{stream_id},{subject},{actor},{hash}\n")
}

fn ndjson(event: &LogEvent) -> String {
    let LogEvent { position, recorded_at, event_type, stream_id, hash, payload, .. } = event;
    format!(
        "{{\"position\":{position},\"recordedAt\":\"{recorded_at}\",\"type\":\"{event_type}\",\"streamId\":\"{stream_id}\",\
         \"hash\":\"{hash}\",\"payload\":{}}}\n",
        payload.get()
    )
}

/// The actor in short: `system`, or the end of an id.
fn by(text: &Text, event: &LogEvent) -> String {
    let Some(origin) = event.origin() else { return String::new() };
    match origin.role {
        Some(role) => text.say_of("role", &role),
        None => origin.actor,
    }
}

/// The beginning and the end of an id.
fn short(id: &str) -> String {
    match (id.get(..4), id.get(id.len().saturating_sub(4)..)) {
        (Some(start), Some(end)) if id.len() > 12 => format!("{start}…{end}"),
        _ => id.to_owned(),
    }
}
