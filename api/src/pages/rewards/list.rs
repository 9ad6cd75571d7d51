//! The rows of the list: each reward, its event, and its remaining stock.

use std::collections::HashMap;

use serde::Deserialize;

use crate::pages::charts::Meter;
use crate::pages::client::Refused;
use crate::pages::moment::Shown;
use crate::pages::stock::{Forecast, Stock, Until};
use crate::pages::value::Terms;
use crate::pages::visit::Visit;

pub(super) struct Listed {
    pub(super) rows: Vec<Row>,
    pub(super) next_cursor: Option<String>,
}

pub(super) struct Row {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) event: String,
    pub(super) event_href: String,
    /// `Points × 30`, and what it costs; empty as of an earlier moment.
    pub(super) what: String,
    pub(super) granted: String,
    pub(super) meter: Option<Meter>,
    pub(super) left: String,
    pub(super) until: Until,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rewards {
    rewards: Vec<Reward>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reward {
    id: String,
    event_id: String,
    name: String,
    #[serde(rename = "type")]
    reward_type: String,
    amount: i64,
    quantity: Option<i64>,
    remaining: Option<i64>,
    held: i64,
    granted: i64,
    #[serde(flatten)]
    terms: Terms,
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
    rewards: Vec<RunningReward>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunningReward {
    reward_id: String,
    name: String,
    quantity: Option<i64>,
    remaining: Option<i64>,
    forecast: Option<Forecast>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analytics {
    rewards_per_event: Vec<EventName>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventName {
    event_id: String,
    name: String,
}

impl Listed {
    pub(super) async fn of(visit: &Visit, shown: &Shown) -> Result<Self, Refused> {
        let (at, zone) = (shown.at_position(), visit.text.zone_name());
        let of_running = [("atPosition", at.as_str()), ("timeZone", zone)];
        let running = visit.api.get::<Running>("/dashboard/running-events", &of_running);
        if shown.is_then() {
            return Ok(Self { rows: then(visit, shown, &running.await?), next_cursor: None });
        }
        let cursor = visit.asked("cursor").map(|cursor| ("cursor", cursor));
        let cursor: Vec<_> = cursor.into_iter().collect();
        let instant = shown.now.recorded_at.to_string();
        let names = [("atPosition", at.as_str()), ("from", &instant), ("to", &instant)];
        let (list, running, names) = tokio::join!(
            visit.api.get::<Rewards>("/rewards", &cursor),
            running,
            visit.api.get::<Analytics>("/dashboard/event-analytics", &names),
        );
        let list = list?;
        let names = names.map(|names| names.rewards_per_event).unwrap_or_default();
        let names: HashMap<_, _> = names.into_iter().map(|event| (event.event_id, event.name)).collect();
        let running = running.map(|running| running.events).unwrap_or_default();
        let forecasts: HashMap<_, _> = running
            .iter()
            .flat_map(|event| &event.rewards)
            .map(|reward| (reward.reward_id.as_str(), reward.forecast.as_ref()))
            .collect();
        let row = |reward: Reward| {
            let runs = forecasts.get(reward.id.as_str());
            let stock =
                Stock { quantity: reward.quantity, remaining: reward.remaining, forecast: runs.copied().flatten() };
            let until = match runs {
                Some(_) => stock.until(visit.text, shown.now.recorded_at),
                None => Until { tone: "muted", words: visit.text.say("ui-rewards-not-running") },
            };
            let kind = reward.terms.kind(visit.text, &reward.reward_type);
            let price = reward.terms.price(visit.text).map_or_else(String::new, |price| format!(" · {price}"));
            Row {
                href: visit.to(&format!("/ui/rewards/{}", reward.id)),
                event: names.get(&reward.event_id).cloned().unwrap_or_default(),
                event_href: visit.to(&format!("/ui/events/{}", reward.event_id)),
                what: format!("{kind} × {}{price}", visit.text.number(reward.amount)),
                granted: visit.text.number(reward.granted),
                meter: reward.quantity.map(|all| Meter::of(&[("go", reward.granted), ("wait", reward.held)], all)),
                left: stock.left(visit.text),
                until,
                name: reward.name,
            }
        };
        Ok(Self { rows: list.rewards.into_iter().map(row).collect(), next_cursor: list.next_cursor })
    }
}

/// The rows as of an earlier moment: the rewards of the events that ran then.
fn then(visit: &Visit, shown: &Shown, running: &Running) -> Vec<Row> {
    let row = |event: &RunningEvent, reward: &RunningReward| {
        let stock =
            Stock { quantity: reward.quantity, remaining: reward.remaining, forecast: reward.forecast.as_ref() };
        let until = stock.until(visit.text, shown.moment().recorded_at);
        Row {
            href: visit.to(&format!("/ui/rewards/{}", reward.reward_id)),
            name: reward.name.clone(),
            event: event.name.clone(),
            event_href: visit.to(&format!("/ui/events/{}", event.event_id)),
            what: String::new(),
            granted: "–".to_owned(),
            meter: stock.meter(&until),
            left: stock.left(visit.text),
            until,
        }
    };
    running.events.iter().flat_map(|event| event.rewards.iter().map(move |reward| row(event, reward))).collect()
}
