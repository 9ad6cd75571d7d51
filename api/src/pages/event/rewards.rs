//! The event's rewards, and the remaining stock of each.

use askama::Template;

use super::Frame;
use super::asked::{Asked, RewardStock};
use crate::pages::charts::Meter;
use crate::pages::client::Refused;
use crate::pages::part::part;
use crate::pages::text::Text;

#[derive(Template)]
#[template(path = "event/rewards.html")]
struct RewardsPart {
    text: Text,
    rows: Vec<Row>,
    add: Option<String>,
}

struct Row {
    href: String,
    name: String,
    reward_type: String,
    amount: String,
    per_member: String,
    meter: Option<Meter>,
    granted: String,
    held: String,
    left: String,
}

pub(super) fn of(frame: &Frame<'_>, asked: &Asked, may_change: bool) -> String {
    let text = frame.visit.text;
    let rows = asked.rewards.as_ref().map(|rewards| rewards.iter().map(|stock| row(frame, stock)).collect());
    let add = may_change.then(|| frame.visit.to_with("/ui/rewards", &[("eventId", &frame.event.id)]) + "#add");
    let answer: Result<_, Refused> = rows.map(|rows| RewardsPart { text, rows, add }).map_err(Clone::clone);
    part(text, answer)
}

fn row(frame: &Frame<'_>, stock: &RewardStock) -> Row {
    let (text, reward) = (frame.visit.text, &stock.reward);
    let one = stock.analytics.as_ref().ok();
    let number = |number: Option<i64>| number.map_or_else(|| "–".to_owned(), |number| text.number(number));
    let unlimited = || text.say("ui-stock-unlimited");
    let meter = one.and_then(|one| Some(Meter::of(&[("go", one.granted), ("wait", one.held)], one.quantity?)));
    Row {
        href: frame.visit.to(&format!("/ui/rewards/{}", reward.id)),
        name: reward.name.clone(),
        reward_type: text.say_of("type", &reward.reward_type),
        amount: text.number(reward.amount),
        per_member: reward.per_member_limit.map_or_else(unlimited, |limit| text.number(limit)),
        meter,
        granted: number(one.map(|one| one.granted)),
        held: number(one.map(|one| one.held)),
        left: one.map_or_else(|| "–".to_owned(), |one| one.remaining.map_or_else(unlimited, |left| text.number(left))),
    }
}
