//! The reasons for refusals on the day that is shown, and the number of claims by status.

use askama::Template;

use super::Moments;
use super::asked::{Hours, Reason, Summary};
use crate::pages::charts::{Bar, Bars};
use crate::pages::text::{Text, say};

/// A reason with at least this many refusals becomes the title if it has multiplied.
const WORTH_A_TITLE: i64 = 10;
/// All statuses of a claim, in the order of the list.
const STATUSES: [&str; 8] =
    ["granted", "fulfilled", "pending", "denied", "rejected", "expired", "fulfilment_failed", "reversed"];

#[derive(Template)]
#[template(path = "overview/reasons.html")]
pub(super) struct ReasonsPart {
    text: Text,
    title: String,
    measure: String,
    versus: Option<String>,
    bars: Bars,
    is_empty: bool,
    /// Status, its name, the number of claims, and the link to them.
    tally: Vec<(&'static str, String, String, String)>,
}

pub(super) fn of(moments: &Moments<'_>, hours: &Hours, summary: Option<&Summary>) -> ReasonsPart {
    let text = moments.visit.text;
    let then = hours.until_then.as_ref().map(|then| then.denial_reasons.as_slice());
    let before = |reason: &str| then.map(|then| count_of(then, reason));
    let mut reasons: Vec<&Reason> = hours.today.denial_reasons.iter().collect();
    reasons.retain(|reason| reason.count > 0 || before(&reason.reason).is_some_and(|then| then > 0));
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    let all: i64 = reasons.iter().map(|reason| reason.count).sum();
    let with_status = |status: &str| moments.visit.to_with("/ui/claims", &[("status", status)]);
    let bar = |reason: &&Reason| {
        let versus = before(&reason.reason);
        Bar {
            name: text.say_of("reason", &reason.reason),
            href: Some(with_status("denied")),
            tone: if reason.reason == "out_of_stock" { "no" } else { "ink" },
            number: reason.count,
            shown: text.number(reason.count),
            versus,
            last: versus.map_or_else(|| share(text, reason.count, all), |then| text.difference(reason.count, then)),
            ..Bar::default()
        }
    };
    let until = |versus: crate::pages::moment::Stamp| {
        say!(text, "ui-overview-line-marks", moment = text.moment(versus.recorded_at))
    };
    let tally = summary.map(|summary| {
        let line = |status: &'static str| {
            let count = summary.claims.get(status).copied().unwrap_or_default();
            (status, text.say_of("status", status), text.number(count), with_status(status))
        };
        STATUSES.map(line).to_vec()
    });
    ReasonsPart {
        text,
        title: title(moments, &reasons, then, all),
        measure: if moments.is_today {
            say!(text, "ui-overview-refused-today", count = all)
        } else {
            say!(text, "ui-overview-refused-that-day", count = all)
        },
        versus: then.and(moments.versus).map(until),
        is_empty: reasons.is_empty(),
        bars: Bars::of("", reasons.iter().map(bar).collect()),
        tally: tally.unwrap_or_default(),
    }
}

fn count_of(reasons: &[Reason], reason: &str) -> i64 {
    reasons.iter().find(|one| one.reason == reason).map_or(0, |one| one.count)
}

fn share(text: Text, part: i64, all: i64) -> String {
    format!("{} %", text.percent(part, all))
}

/// The title: the reason that has multiplied, or else the most frequent one.
fn title(moments: &Moments<'_>, reasons: &[&Reason], then: Option<&[Reason]>, all: i64) -> String {
    let text = moments.visit.text;
    let Some(first) = reasons.first().filter(|first| first.count > 0) else {
        return text.say("ui-overview-none-refused");
    };
    let grown = reasons.iter().filter_map(|reason| {
        let before = then.map(|then| count_of(then, &reason.reason)).filter(|before| *before > 0)?;
        let times = reason.count / before;
        (times >= 2 && reason.count >= WORTH_A_TITLE).then_some((reason.count - before, times, *reason))
    });
    match (grown.max_by_key(|(more, ..)| *more), moments.versus) {
        (Some((_, times, reason)), Some(versus)) => say!(
            text,
            "ui-overview-many-times",
            reason = text.say_of("reason", &reason.reason),
            times = times,
            day = text.weekday_and_day(text.day_of(versus.recorded_at))
        ),
        _ => say!(
            text,
            "ui-overview-most-refused",
            reason = text.say_of("reason", &first.reason),
            percent = text.percent(first.count, all)
        ),
    }
}
