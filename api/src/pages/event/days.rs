//! Grants and refusals over time, with the versions of the rule, and the reasons for refusals.

use askama::Template;

use super::Frame;
use super::asked::{Analytics, Reason};
use super::outlook::bucket_name;
use crate::pages::charts::{Bar, Bars, Day, DayBars, Plot, Row, Table};
use crate::pages::text::{Text, say};

#[derive(Template)]
#[template(path = "event/days.html")]
pub(super) struct DaysPart {
    title: String,
    measure: String,
    plot: Option<Plot>,
    nothing: String,
    why_title: String,
    why_measure: String,
    bars: Option<Bars>,
}

pub(super) fn of(frame: &Frame<'_>, one: &Analytics) -> DaysPart {
    let text = frame.visit.text;
    let count = one.timeline.len();
    let sum = |number: fn(&super::asked::Bucket) -> i64| one.timeline.iter().map(number).sum::<i64>();
    let (granted, denied) = (sum(|bucket| bucket.granted), sum(|bucket| bucket.denied));
    let every = count.div_ceil(4).max(1);
    let days = one.timeline.iter().enumerate().map(|(at, bucket)| {
        let name = bucket_name(text, frame, bucket.bucket);
        let said = say!(text, "ui-event-granted-refused", granted = bucket.granted, refused = bucket.denied);
        Day {
            up: bucket.granted,
            down: bucket.denied,
            tick: (at.is_multiple_of(every)).then(|| name.clone()),
            read_out: vec![name, said],
        }
    });
    let place = |moment: domain::Moment| {
        let after = one.timeline.iter().rposition(|bucket| bucket.bucket <= moment)?;
        let from = one.timeline.get(after)?.bucket.utc();
        let part = one.timeline.get(after + 1).map_or(0.0, |next| {
            let whole = (next.bucket.utc() - from).num_seconds().max(1) as f64;
            (moment.utc() - from).num_seconds() as f64 / whole
        });
        Some(after as f64 + part)
    };
    let rules = one.condition_versions.iter().skip(1);
    let rules = rules.filter_map(|version| Some((place(version.since)?, format!("v{}", version.version)))).collect();
    let chart = DayBars {
        label: say!(text, "ui-event-days-finding", granted = granted, refused = denied),
        days: days.collect(),
        words: (
            say!(text, "ui-event-granted-in-all", count = granted),
            say!(text, "ui-event-refused-in-all", count = denied),
        ),
        rules,
        table: table(frame, one),
    };
    let (why_title, why_measure, bars) = reasons(text, &one.denial_reasons);
    DaysPart {
        title: text.say(match frame.bucket() {
            "hour" => "ui-event-by-hour",
            "week" => "ui-event-by-week",
            "month" => "ui-event-by-month",
            _ => "ui-event-by-day",
        }),
        measure: say!(text, "ui-event-steps", zone = text.zone_name()),
        plot: (count > 0).then(|| chart.plot()),
        nothing: text.say("ui-event-not-begun"),
        why_title,
        why_measure,
        bars,
    }
}

/// The most frequent reason is the title.
fn reasons(text: Text, reasons: &[Reason]) -> (String, String, Option<Bars>) {
    let mut reasons: Vec<_> = reasons.iter().filter(|reason| reason.count > 0).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    let all: i64 = reasons.iter().map(|reason| reason.count).sum();
    let measure = say!(text, "ui-event-refused-by-reason", count = all);
    let Some(first) = reasons.first() else { return (text.say("ui-event-none-refused"), measure, None) };
    let (reason, percent) = (text.say_of("reason", &first.reason), text.percent(first.count, all));
    let title = say!(text, "ui-event-most-refused", reason = reason, percent = percent);
    let bar = |reason: &&Reason| Bar {
        name: text.say_of("reason", &reason.reason),
        tone: "ink",
        number: reason.count,
        shown: text.number(reason.count),
        last: format!("{} %", text.percent(reason.count, all)),
        ..Bar::default()
    };
    (title, measure, Some(Bars::of("four", reasons.iter().map(bar).collect())))
}

pub(super) fn table(frame: &Frame<'_>, one: &Analytics) -> Table {
    let text = frame.visit.text;
    let columns = [
        "ui-event-from",
        "ui-event-granted",
        "ui-event-refused",
        "ui-event-waiting",
        "ui-event-rejected",
        "ui-event-expired",
    ];
    let rows = one.timeline.iter().map(|bucket| Row {
        name: bucket_name(text, frame, bucket.bucket),
        exact: bucket.bucket.to_string(),
        cells: [bucket.granted, bucket.denied, bucket.pending, bucket.rejected, bucket.expired].map(Some).to_vec(),
    });
    Table {
        text,
        columns: columns.map(|id| text.say(id)).to_vec(),
        rows: rows.collect(),
        csv: frame.visit.link(&[("fragment", Some("days.csv"))]),
    }
}
