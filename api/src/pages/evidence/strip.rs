//! The days of a streak as a strip: which had their fact, and which facts were recorded late.

use chrono::{Days, NaiveDate};

use super::Day;
use crate::pages::text::{Text, say};

/// A streak of more days is not drawn as a strip.
const MOST: u64 = 14;
/// The most days for which there is room to name the month.
const WIDE: u64 = 7;

pub(super) struct Strip {
    pub(super) label: String,
    pub(super) days: Vec<Bar>,
    /// Position and text of the note that says when late facts were recorded.
    pub(super) late: Option<(String, String)>,
}

pub(super) struct Bar {
    /// `go`, `wait` if the fact was recorded late, or `bg` if there is none.
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) width: String,
    pub(super) middle: String,
    pub(super) name: String,
}

impl Strip {
    /// The days that the streak needs. They end with the last day of the run, or with the day of the request if there
    /// is no run.
    pub(super) fn of(text: Text, need: i128, run: &[&Day], asked_on: NaiveDate) -> Option<Self> {
        let count = u64::try_from(need).ok().filter(|count| (1..=MOST).contains(count))?;
        let last = run.last().map_or(asked_on, |day| day.date);
        let first = last.checked_sub_days(Days::new(count - 1))?;
        let step = 10_000 / count;
        let width = step * 9 / 10;
        let bar = |at: u64| {
            let date = first.checked_add_days(Days::new(at))?;
            let seen = run.iter().find(|day| day.date == date);
            let class = seen.map_or("bg", |day| if day.late { "wait" } else { "go" });
            let name = if count <= WIDE { text.day(date) } else { date.format("%-d").to_string() };
            let x = at * step;
            Some(Bar { class, x: percent(x), width: percent(width), middle: percent(x + width / 2), name })
        };
        let days: Vec<Bar> = (0..count).filter_map(bar).collect();
        let seen = days.iter().filter(|day| day.class != "bg").count();
        let late: Vec<&&Day> = run.iter().filter(|day| day.late && day.date >= first).collect();
        let said = late.first().map(|one| {
            let recorded = text.day_of(one.recorded_at);
            let same = late.iter().all(|day| text.day_of(day.recorded_at) == recorded);
            let words = if same {
                say!(text, "ui-evidence-recorded-on", day = text.day(recorded))
            } else {
                text.say("ui-evidence-recorded-late")
            };
            let x = days.iter().find(|day| day.class == "wait").map_or_else(|| percent(0), |day| day.x.clone());
            (x, words)
        });
        let (from, to) = (text.day(first), text.day_with_year(last));
        let label = say!(text, "ui-evidence-strip", seen = seen, count = count, from = from, to = to);
        let label = said.as_ref().map_or(label.clone(), |(_, words)| format!("{label}; {words}"));
        Some(Self { label, days, late: said })
    }
}

/// Hundredths of a percent, written as percent.
fn percent(of: u64) -> String {
    format!("{}.{:02}%", of / 100, of % 100)
}
