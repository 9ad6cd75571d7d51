//! The sentence that says whether the event works, its terms in one line, and its five figures.

use askama::Template;
use domain::Moment;

use super::Frame;
use super::asked::{Analytics, Asked, RewardStock};
use super::met::Met;
use crate::pages::part::isolated;
use crate::pages::text::{Text, say};
use crate::pages::visit::OPERATORS;

pub(super) struct Header {
    pub(super) strong: String,
    pub(super) rest: String,
    pub(super) status: String,
    pub(super) status_name: String,
    pub(super) terms: Vec<String>,
    pub(super) rule: String,
    pub(super) description: Option<String>,
}

pub(super) fn of(frame: &Frame<'_>, asked: &Asked, met: Option<&Met>) -> Header {
    let (event, text) = (frame.event, frame.visit.text);
    let strong = asked.scarcest().and_then(|stock| lasts(frame, stock));
    let strong = strong.unwrap_or_else(|| match &asked.analytics {
        Ok(one) => say!(text, "ui-event-granted-so-far", count = one.granted),
        Err(_) => String::new(),
    });
    let unclaimed = met.zip(asked.analytics.as_ref().ok()).map(|(met, one)| met.count - one.members.claimed);
    let rest = unclaimed.filter(|count| *count > 0).map(|count| say!(text, "ui-event-not-claimed", count = count));
    let version = asked.analytics.as_ref().ok().and_then(|one| one.condition_versions.last());
    let rule = version.map(|version| {
        say!(text, "ui-event-rule-since", version = version.version, day = text.day(text.day_of(version.since)))
    });
    Header {
        strong,
        rest: rest.unwrap_or_default(),
        status: event.status.clone(),
        status_name: text.say_of("status", &event.status),
        terms: terms(frame),
        rule: rule.unwrap_or_else(|| say!(text, "ui-event-rule", version = event.condition_version)),
        description: event.description.clone(),
    }
}

/// How long the stock lasts, compared with the end of the event.
fn lasts(frame: &Frame<'_>, stock: &RewardStock) -> Option<String> {
    let text = frame.visit.text;
    let one = stock.analytics.as_ref().ok()?;
    let reward = isolated(&stock.reward.name);
    if one.remaining == Some(0) {
        return Some(say!(text, "ui-event-sold-out", reward = reward));
    }
    let forecast = one.forecast.as_ref()?;
    let Some(at) = forecast.sold_out_in_time() else {
        return Some(say!(text, "ui-event-lasts", reward = reward));
    };
    let early = (text.last_day_before(frame.event.end_date) - text.day_of(at)).num_days();
    let is_today = text.day_of(at) == text.day_of(frame.now.recorded_at);
    let around = if is_today { text.clock(at) } else { text.weekday_and_day(text.day_of(at)) };
    Some(say!(text, "ui-event-sells-out", reward = reward, around = around, days = early))
}

fn terms(frame: &Frame<'_>) -> Vec<String> {
    let (event, text) = (frame.event, frame.visit.text);
    let (first, last) = (text.day_of(event.start_date), text.last_day_before(event.end_date));
    let days = (last - first).num_days() + 1;
    let day = (text.day_of(frame.now.recorded_at) - first).num_days() + 1;
    let window = say!(text, "ui-event-window", from = text.day(first), to = text.day_with_year(last));
    let mut terms = vec![if (1..=days).contains(&day) {
        say!(text, "ui-event-window-day", window = window, day = day, days = days)
    } else {
        window
    }];
    terms.push(event.time_zone.clone());
    terms.push(say!(text, "ui-event-a-member", frequency = text.say_of("frequency", &event.frequency)));
    if event.approval == "manual" {
        terms.push(say!(text, "ui-event-by-hand", within = event.pending_expires_after.clone()));
    }
    terms.extend(event.max_reward_count.map(|most| say!(text, "ui-event-at-most", count = most)));
    terms.extend(event.per_member_limit.map(|most| say!(text, "ui-event-at-most-each", count = most)));
    terms
}

#[derive(Template)]
#[template(path = "event/figures.html")]
pub(super) struct FiguresPart {
    figures: Vec<Figure>,
}

#[derive(Default)]
struct Figure {
    name: String,
    value: String,
    of: String,
    difference: Option<String>,
    rest: String,
    /// A link to more: address and name.
    link: Option<(String, String)>,
}

pub(super) fn figures(frame: &Frame<'_>, asked: &Asked, one: &Analytics, met: Option<&Met>) -> FiguresPart {
    let text = frame.visit.text;
    let refused = |one: &Analytics| one.denial_reasons.iter().map(|reason| reason.count).sum::<i64>();
    let compared = |name: &str, number: &dyn Fn(&Analytics) -> i64| {
        let then = asked.then.as_ref().zip(frame.versus);
        let (difference, rest) = then
            .map(|(then, versus)| (text.difference(number(one), number(then)), since(text, versus.recorded_at)))
            .unzip();
        let rest = rest.unwrap_or_default();
        Figure { name: text.say(name), value: text.number(number(one)), difference, rest, ..Figure::default() }
    };
    let waiting = Figure {
        link: (frame.visit.is_one_of(OPERATORS) && !frame.is_then && one.held > 0).then(|| {
            (frame.visit.to_with("/ui/approvals", &[("eventId", &frame.event.id)]), text.say("ui-event-decide"))
        }),
        ..compared("ui-event-waiting", &|one| one.held)
    };
    let mut figures = vec![compared("ui-event-granted", &|one| one.granted)];
    figures.extend(asked.scarcest().and_then(|stock| left(text, stock)));
    figures.extend([waiting, compared("ui-event-refused", &refused), met_figure(frame, met)]);
    FiguresPart { figures }
}

fn since(text: Text, then: Moment) -> String {
    say!(text, "ui-event-since", moment = text.moment(then))
}

fn left(text: Text, stock: &RewardStock) -> Option<Figure> {
    let one = stock.analytics.as_ref().ok()?;
    Some(Figure {
        name: say!(text, "ui-event-left", reward = isolated(&stock.reward.name)),
        value: text.number(one.remaining?),
        of: say!(text, "ui-event-of", all = one.quantity?),
        rest: if one.held > 0 { say!(text, "ui-event-held", count = one.held) } else { String::new() },
        ..Figure::default()
    })
}

fn met_figure(frame: &Frame<'_>, met: Option<&Met>) -> Figure {
    let text = frame.visit.text;
    let name = text.say("ui-event-met");
    let link = (!frame.is_then).then(|| (frame.visit.link(&[("met", Some("count"))]), text.say("ui-event-count-now")));
    match met {
        Some(met) => {
            let rest = say!(text, "ui-event-counted-at", at = text.moment(met.at));
            Figure { name, value: text.number(met.count), rest, link, ..Figure::default() }
        }
        None if frame.is_then => {
            Figure { name, value: "–".to_owned(), rest: text.say("ui-event-not-then"), ..Figure::default() }
        }
        None => Figure { name, value: "–".to_owned(), link, ..Figure::default() },
    }
}
