//! The running events, ordered by their grants on the day that is shown, with how long their stock lasts.

use askama::Template;

use super::Moments;
use super::asked::{Running, RunningEvent, RunningReward};
use crate::pages::charts::{Meter, Spark};
use crate::pages::rule;
use crate::pages::stock::{Stock, Until};
use crate::pages::text::Text;

/// How many events are shown; `/ui/events` has all of them.
const MOST: usize = 10;

#[derive(Template)]
#[template(path = "overview/running.html")]
pub(super) struct RunningPart {
    text: Text,
    granted: String,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    name: String,
    rule: String,
    status: String,
    status_name: String,
    ends: String,
    granted: String,
    spark: Spark,
    meter: Option<Meter>,
    left: String,
    until: Until,
}

pub(super) fn of(moments: &Moments<'_>, running: Running) -> RunningPart {
    let text = moments.visit.text;
    RunningPart {
        text,
        granted: text.say(if moments.is_today { "ui-overview-granted-today" } else { "ui-overview-granted-that-day" }),
        rows: running.events.into_iter().take(MOST).map(|event| row(moments, event)).collect(),
    }
}

fn row(moments: &Moments<'_>, event: RunningEvent) -> Row {
    let text = moments.visit.text;
    let scarce = scarcest(&event.rewards);
    let stock = scarce.map(|reward| Stock {
        quantity: reward.quantity,
        remaining: reward.remaining,
        forecast: reward.forecast.as_ref(),
    });
    let nothing = || Until { tone: "muted", words: String::new() };
    let until = stock.as_ref().map_or_else(nothing, |stock| stock.until(text, moments.now.recorded_at));
    let left = match (&stock, scarce) {
        (None, _) | (_, None) => text.say("ui-overview-no-reward"),
        (Some(stock), Some(reward)) if event.rewards.len() > 1 => format!("{} · {}", reward.name, stock.left(text)),
        (Some(stock), Some(_)) => stock.left(text),
    };
    Row {
        href: moments.visit.to(&format!("/ui/events/{}", event.event_id)),
        rule: format!("{} · {}", rule::summary(text, &event.condition), text.say_of("frequency", &event.frequency)),
        status_name: text.say_of("status", &event.status),
        ends: text.day(text.last_day_before(event.end_date)),
        granted: text.number(event.granted_today),
        spark: Spark::of(&event.granted_by_day, "go").small(),
        meter: stock.as_ref().and_then(|stock| stock.meter(&until)),
        left,
        until,
        name: event.name,
        status: event.status,
    }
}

/// The reward that sells out first, or else the one with the smallest share left.
fn scarcest(rewards: &[RunningReward]) -> Option<&RunningReward> {
    rewards.iter().min_by_key(|reward| {
        let gone = reward.forecast.as_ref().and_then(|forecast| forecast.sold_out_in_time());
        let left = match (reward.remaining, reward.quantity) {
            (Some(left), Some(all)) => left.saturating_mul(1_000) / all.max(1),
            _ => i64::MAX,
        };
        (left != 0, gone.is_none(), gone, left)
    })
}
