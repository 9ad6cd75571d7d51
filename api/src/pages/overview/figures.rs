//! The five figures of the day, each with its comparison and a sparkline of two weeks.

use askama::Template;

use super::Moments;
use super::asked::{Day, Figures};
use crate::pages::charts::{Row, Spark, Table};
use crate::pages::text::{Text, say};

#[derive(Template)]
#[template(path = "overview/figures.html")]
pub(super) struct FiguresPart {
    figures: Vec<Figure>,
    foot: String,
    table: Table,
}

struct Figure {
    name: String,
    value: String,
    unit: &'static str,
    /// The difference from the comparison.
    difference: Option<String>,
    rest: String,
    spark: Spark,
}

pub(super) fn of(moments: &Moments<'_>, asked: &Figures) -> FiguresPart {
    let text = moments.visit.text;
    let Day { granted, attempts, active, members, participants, pending, .. } = asked.today;
    let until = text.clock(moments.now.recorded_at);
    let against = |number: fn(&Day) -> i64| {
        asked.then.as_ref().map(|then| {
            let (now, then) = (number(&asked.today), number(then));
            (text.difference(now, then), say!(text, "ui-overview-against", then = then))
        })
    };
    let line = |number: fn(&Day) -> i64, class| Spark::of(&asked.days.iter().map(number).collect::<Vec<_>>(), class);
    let figure = |name: &str, number: fn(&Day) -> i64, value: i64| {
        let (difference, rest) = against(number).unzip();
        let rest = rest.unwrap_or_else(|| say!(text, "ui-overview-until", time = until.clone()));
        Figure {
            name: text.say(name),
            value: text.number(value),
            unit: "",
            difference,
            rest,
            spark: line(number, "go"),
        }
    };
    let of_members = say!(text, "ui-overview-of-members", part = participants, all = members);
    let participation = Figure {
        name: text.say("ui-overview-participation"),
        value: text.percent(participants, members),
        unit: " %",
        difference: asked.then.as_ref().map(|then| points(&asked.today, then)),
        rest: of_members,
        spark: line(participation_in_thousands, "go"),
    };
    let waiting = Figure {
        rest: match asked.expires_at {
            Some(at) if text.day_of(at) == text.day_of(moments.now.recorded_at) => {
                say!(text, "ui-overview-next-expires", at = text.clock(at))
            }
            Some(at) => say!(text, "ui-overview-next-expires", at = text.moment(at)),
            None => against(|day| day.pending).map_or_else(String::new, |(_, rest)| rest),
        },
        spark: line(|day| day.pending, "wait"),
        ..figure("ui-overview-waiting", |day| day.pending, pending)
    };
    let names = if moments.is_today {
        ["ui-overview-granted-today", "ui-overview-attempts-today", "ui-overview-active-today"]
    } else {
        ["ui-overview-granted-that-day", "ui-overview-attempts-that-day", "ui-overview-active-that-day"]
    };
    FiguresPart {
        figures: vec![
            figure(names[0], |day| day.granted, granted),
            figure(names[1], |day| day.attempts, attempts),
            figure(names[2], |day| day.active, active),
            participation,
            waiting,
        ],
        foot: say!(text, "ui-overview-lines", count = asked.days.len(), until = until),
        table: table(moments, asked),
    }
}

fn participation_in_thousands(day: &Day) -> i64 {
    if day.members > 0 { day.participants.saturating_mul(1_000) / day.members } else { 0 }
}

/// The difference of two shares, in percentage points.
fn points(now: &Day, then: &Day) -> String {
    let tenths = participation_in_thousands(now) - participation_in_thousands(then);
    let sign = match tenths {
        0 => "±",
        1.. => "+",
        ..0 => "−",
    };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// The same days as a table.
pub(super) fn table(moments: &Moments<'_>, asked: &Figures) -> Table {
    let text: Text = moments.visit.text;
    let columns = [
        "ui-overview-day",
        "ui-overview-granted",
        "ui-overview-attempts",
        "ui-overview-active",
        "ui-overview-members",
        "ui-overview-participants",
        "ui-overview-waiting",
    ];
    let row = |day: &Day| {
        let cells = [day.granted, day.attempts, day.active, day.members, day.participants, day.pending];
        Row { name: text.day(day.date), exact: day.date.to_string(), cells: cells.map(Some).to_vec() }
    };
    Table {
        text,
        columns: columns.map(|id| text.say(id)).to_vec(),
        rows: asked.days.iter().map(row).collect(),
        csv: moments.visit.link(&[("fragment", Some("days.csv"))]),
    }
}
