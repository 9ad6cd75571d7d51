//! `/ui/events`: all events, which of them run, and which of those run out. The list is that of now. As of an earlier
//! moment it has the events that ran then, because only their numbers can be read as of a position.

use std::collections::HashMap;

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use domain::Moment;
use domain::condition::Condition;
use serde::Deserialize;

use super::Pages;
use super::charts::Meter;
use super::failure::Failure;
use super::moment::Shown;
use super::response::page;
use super::rule;
use super::shell::{Place, Shell};
use super::stock::{Forecast, Stock, Until};
use super::text::{Text, say};
use super::visit::{OPERATORS, STAFF, Visit};

/// The statuses of the filter.
const STATUSES: [&str; 4] = ["active", "scheduled", "paused", "ended"];

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/events", get(events))
}

#[derive(Template)]
#[template(path = "events/events.html")]
struct EventsPage {
    shell: Shell,
    lead: String,
    /// The filters: link, name, whether it is the one shown.
    filters: Vec<(String, String, bool)>,
    rows: Vec<Row>,
    new: Option<String>,
    is_then: bool,
    is_filtered: bool,
    first: Option<String>,
    next: Option<String>,
}

struct Row {
    href: String,
    name: String,
    rule: String,
    status: String,
    status_name: String,
    window: String,
    granted: String,
    meter: Option<Meter>,
    left: String,
    until: Until,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    events: Vec<Event>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    id: String,
    name: String,
    status: String,
    start_date: Moment,
    end_date: Moment,
    condition: Condition,
    frequency: String,
}

#[derive(Deserialize)]
struct Running {
    events: Vec<RunningEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunningEvent {
    event_id: String,
    name: String,
    status: String,
    end_date: Moment,
    condition: Condition,
    frequency: String,
    rewards: Vec<RunningReward>,
}

#[derive(Deserialize)]
struct RunningReward {
    quantity: Option<i64>,
    remaining: Option<i64>,
    forecast: Option<Forecast>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analytics {
    rewards_per_event: Vec<RewardsOfEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RewardsOfEvent {
    event_id: String,
    rewards: i64,
    granted: i64,
    held: i64,
    remaining: Option<i64>,
}

#[derive(Deserialize)]
struct Summary {
    events: HashMap<String, i64>,
}

async fn events(visit: Visit) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let shown = Shown::of(&visit).await?;
    let (text, at, now) = (visit.text, shown.at_position(), shown.moment().recorded_at);
    let zone = text.zone_name();
    let instant = now.to_string();
    let of_all = [("atPosition", at.as_str()), ("from", &instant), ("to", &instant)];
    let of_running = [("atPosition", at.as_str()), ("timeZone", zone)];
    let of_summary = [("atPosition", at.as_str())];
    let (shell, listed, running, analytics, summary) = tokio::join!(
        Shell::staff(&visit, Place::Events, &shown),
        listed(&visit, &shown),
        visit.api.get::<Running>("/dashboard/running-events", &of_running),
        visit.api.get::<Analytics>("/dashboard/event-analytics", &of_all),
        visit.api.get::<Summary>("/dashboard", &of_summary),
    );
    let listed = listed?;
    let running = running.map(|running| running.events).unwrap_or_default();
    let analytics = analytics.map(|analytics| analytics.rewards_per_event).unwrap_or_default();
    let totals: HashMap<_, _> = analytics.iter().map(|of| (of.event_id.as_str(), of)).collect();
    let by_id: HashMap<_, _> = running.iter().map(|event| (event.event_id.as_str(), event)).collect();
    let runs_out = running.iter().filter(|event| soonest(event).is_some()).count();
    let rows = match &listed {
        Some(listed) => {
            let row = |event| {
                Row::of(&visit, event, by_id.get(id_of(event)).copied(), totals.get(id_of(event)).copied(), now)
            };
            listed.events.iter().map(row).collect()
        }
        None => running
            .iter()
            .map(|event| Row::then(&visit, event, totals.get(event.event_id.as_str()).copied(), now))
            .collect(),
    };
    let counts = summary.map(|summary| summary.events).unwrap_or_default();
    let next = listed.and_then(|listed| listed.next_cursor);
    Ok(page(&EventsPage {
        lead: say!(text, "ui-events-lead", count = running.len(), out = runs_out),
        filters: filters(&visit, &shown, &counts),
        rows,
        new: (visit.is_one_of(OPERATORS) && !shown.is_then()).then(|| visit.to("/ui/events/new")),
        is_then: shown.is_then(),
        is_filtered: visit.asked("status").is_some(),
        first: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
        next: next.map(|cursor| visit.link(&[("cursor", Some(&cursor))])),
        shell,
    }))
}

/// The list of now; `None` as of an earlier moment.
async fn listed(visit: &Visit, shown: &Shown) -> Result<Option<Listed>, Failure> {
    if shown.is_then() {
        return Ok(None);
    }
    let asked = ["status", "cursor"].map(|name| visit.asked(name).map(|value| (name, value)));
    let query: Vec<_> = asked.into_iter().flatten().collect();
    Ok(Some(visit.api.get("/events", &query).await?))
}

fn filters(visit: &Visit, shown: &Shown, counts: &HashMap<String, i64>) -> Vec<(String, String, bool)> {
    if shown.is_then() {
        return vec![];
    }
    let text = visit.text;
    let asked = visit.asked("status");
    let with = |status: Option<&str>| visit.link(&[("cursor", None), ("status", status)]);
    let all = say!(text, "ui-events-all", count = counts.values().sum::<i64>());
    let one = |status: &'static str| {
        let count = counts.get(status).copied().unwrap_or_default();
        (with(Some(status)), format!("{} {}", text.say_of("status", status), text.number(count)), asked == Some(status))
    };
    std::iter::once((with(None), all, asked.is_none())).chain(STATUSES.map(one)).collect()
}

fn id_of(event: &Event) -> &str {
    &event.id
}

/// The reward that sells out first, if any does before the event ends.
fn soonest(event: &RunningEvent) -> Option<&RunningReward> {
    let gone = |reward: &&RunningReward| reward.forecast.as_ref().and_then(Forecast::sold_out_in_time);
    event.rewards.iter().filter(|reward| gone(reward).is_some()).min_by_key(gone)
}

impl Row {
    fn of(
        visit: &Visit,
        event: &Event,
        running: Option<&RunningEvent>,
        all: Option<&RewardsOfEvent>,
        now: Moment,
    ) -> Self {
        let text = visit.text;
        let (from, to) =
            (text.day(text.day_of(event.start_date)), text.day_with_year(text.last_day_before(event.end_date)));
        Self {
            href: visit.to(&format!("/ui/events/{}", event.id)),
            name: event.name.clone(),
            rule: told(text, &event.condition, &event.frequency),
            status: event.status.clone(),
            status_name: text.say_of("status", &event.status),
            window: say!(text, "ui-events-from-to", from = from, to = to),
            ..Self::numbers(text, running, all, now)
        }
    }

    fn then(visit: &Visit, event: &RunningEvent, all: Option<&RewardsOfEvent>, now: Moment) -> Self {
        let text = visit.text;
        Self {
            href: visit.to(&format!("/ui/events/{}", event.event_id)),
            name: event.name.clone(),
            rule: told(text, &event.condition, &event.frequency),
            status: event.status.clone(),
            status_name: text.say_of("status", &event.status),
            window: say!(text, "ui-events-until", to = text.day_with_year(text.last_day_before(event.end_date))),
            ..Self::numbers(text, Some(event), all, now)
        }
    }

    /// Grants and remaining stock, as the sum of all rewards, with the forecast of the reward that sells out first.
    fn numbers(text: Text, running: Option<&RunningEvent>, all: Option<&RewardsOfEvent>, now: Moment) -> Self {
        let soonest = running.and_then(|event| soonest(event).or_else(|| event.rewards.first()));
        let stock = Stock {
            quantity: all.and_then(|all| Some(all.remaining? + all.held + all.granted)),
            remaining: all.and_then(|all| all.remaining),
            forecast: soonest.and_then(|reward| reward.forecast.as_ref()),
        };
        let is_single = running.is_some_and(|event| event.rewards.len() == 1);
        let of_one = soonest.filter(|_| is_single).map(|reward| Stock {
            quantity: reward.quantity,
            remaining: reward.remaining,
            forecast: reward.forecast.as_ref(),
        });
        let stock = of_one.unwrap_or(stock);
        let has_none = all.is_some_and(|all| all.rewards == 0);
        let until = match running {
            Some(_) if !has_none => stock.until(text, now),
            _ => Until { tone: "muted", words: String::new() },
        };
        Self {
            href: String::new(),
            name: String::new(),
            rule: String::new(),
            status: String::new(),
            status_name: String::new(),
            window: String::new(),
            granted: all.map_or_else(String::new, |all| text.number(all.granted)),
            meter: stock.meter(&until),
            left: if has_none { text.say("ui-events-no-reward") } else { stock.left(text) },
            until,
        }
    }
}

fn told(text: Text, condition: &Condition, frequency: &str) -> String {
    format!("{} · {}", rule::summary(text, condition), text.say_of("frequency", frequency))
}
