//! What needs attention, the most severe first, each with its reason and consequence.

use askama::Template;

use super::Moments;
use super::asked::{Attention, Item};
use crate::pages::part::isolated;
use crate::pages::stock::Forecast;
use crate::pages::text::say;
use crate::pages::visit::OPERATORS;

/// How many items are shown; the page of events has more.
const MOST: usize = 6;

#[derive(Template)]
#[template(path = "overview/todo.html")]
pub(super) struct TodoPart {
    items: Vec<Line>,
    nothing: (String, String),
    more: Option<String>,
    events_href: String,
}

struct Line {
    signal: &'static str,
    href: String,
    title: String,
    why: String,
}

pub(super) fn of(moments: &Moments<'_>, list: Attention) -> TodoPart {
    let text = moments.visit.text;
    let more = list.items.len().saturating_sub(MOST);
    TodoPart {
        items: list.items.iter().take(MOST).map(|item| line(moments, item)).collect(),
        nothing: (text.say("ui-overview-nothing"), text.say("ui-overview-nothing-why")),
        more: (more > 0).then(|| say!(text, "ui-overview-more-todo", count = more)),
        events_href: moments.visit.to("/ui/events"),
    }
}

fn line(moments: &Moments<'_>, item: &Item) -> Line {
    let visit = moments.visit;
    let href = match (item.kind.as_str(), &item.event_id) {
        ("claims_waiting", _) if visit.is_one_of(OPERATORS) => visit.to("/ui/approvals"),
        ("claims_waiting", _) => visit.to_with("/ui/claims", &[("status", "pending")]),
        (_, Some(event)) => visit.to(&format!("/ui/events/{event}")),
        (_, None) => visit.to("/ui/events"),
    };
    let signal = match item.severity.as_str() {
        "urgent" => " no",
        "info" => " info",
        _ => "",
    };
    Line { signal, href, title: title(moments, item), why: why(moments, item) }
}

fn title(moments: &Moments<'_>, item: &Item) -> String {
    let text = moments.visit.text;
    let name = isolated(item.name.as_deref().unwrap_or_default());
    let reward = isolated(item.reward_name.as_deref().unwrap_or_default());
    let now = moments.now.recorded_at;
    let days = item.at.map_or(0, |at| (text.day_of(at) - text.day_of(now)).num_days());
    match item.kind.as_str() {
        "sold_out_soon" if days == 0 => say!(text, "ui-overview-todo-sells-out-today", reward = reward, event = name),
        "sold_out_soon" => say!(text, "ui-overview-todo-sells-out", reward = reward, event = name, days = days),
        "sold_out" => say!(text, "ui-overview-todo-sold-out", reward = reward, event = name),
        "claims_waiting" => say!(text, "ui-overview-todo-waiting", count = item.count.unwrap_or_default()),
        "no_reward" => say!(text, "ui-overview-todo-no-reward", event = name),
        "ends_soon" if days == 0 => say!(text, "ui-overview-todo-ends-today", event = name),
        "ends_soon" => say!(text, "ui-overview-todo-ends", event = name, days = days),
        "opens_soon" if days == 0 => say!(text, "ui-overview-todo-opens-today", event = name),
        "opens_soon" => say!(text, "ui-overview-todo-opens", event = name, days = days),
        other => format!("{name} {other}"),
    }
}

fn why(moments: &Moments<'_>, item: &Item) -> String {
    let text = moments.visit.text;
    let runs_until = item.end_date.map(|end| say!(text, "ui-overview-todo-runs-until", end = text.moment(end)));
    let runs_until = runs_until.unwrap_or_default();
    match item.kind.as_str() {
        "sold_out_soon" => {
            let (left, all) = (item.remaining.unwrap_or_default(), item.quantity.unwrap_or_default());
            let pace = item.forecast.as_ref().map(|forecast| forecast.pace(text)).unwrap_or_default();
            let around = item.at.map_or_else(String::new, |at| Forecast::around(text, moments.now.recorded_at, at));
            say!(text, "ui-overview-todo-left", left = left, all = all, pace = pace, around = around, end = runs_until)
        }
        "claims_waiting" => text.say("ui-overview-todo-waiting-why"),
        "no_reward" => text.say("ui-overview-todo-no-reward-why"),
        "opens_soon" => match item.count {
            Some(0) => text.say("ui-overview-todo-no-reward-yet"),
            Some(count) => say!(text, "ui-overview-todo-rewards", count = count),
            None => String::new(),
        },
        _ => runs_until,
    }
}
