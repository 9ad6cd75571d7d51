//! How grants add up day by day: of the draft, and of the version in force.

use chrono::{Days, NaiveDate};
use domain::Moment;

use super::backtest::{Day, Outcome};
use super::tried::Force;
use crate::pages::charts::{Line, LineChart, Plot, ReadOut, Row, Table, Tick};
use crate::pages::text::{Text, say};

/// The most points of a line; of a longer time several days are one.
const MOST: u64 = 60;

pub(super) fn plot(text: Text, draft: &Outcome, force: Option<&Force<'_>>, span: (Moment, Moment)) -> Plot {
    let days = days(text, draft, force, span);
    let up_to = |of: &Outcome| -> Vec<i64> { days.iter().map(|day| total(&of.by_day, *day)).collect() };
    let (mine, theirs) = (up_to(draft), force.map(|force| up_to(force.outcome)));
    let x = |at: usize| at as f64 * 100.0 / days.len().saturating_sub(1).max(1) as f64;
    let line = |class: &'static str, numbers: &[i64], words: String| Line {
        class,
        points: numbers.iter().enumerate().map(|(at, number)| (x(at), *number)).collect(),
        area: class == "go",
        mark: numbers.last().map(|number| (x(numbers.len() - 1), *number, words)),
        end: None,
    };
    let draft_words = say!(text, "ui-editor-draft-count", count = draft.granted);
    let force_words =
        |force: &Force<'_>| say!(text, "ui-editor-force-count", version = force.version, count = force.outcome.granted);
    let label = match force {
        Some(force) => format!("{draft_words}, {}", force_words(force)),
        None => draft_words.clone(),
    };
    let mut lines = vec![];
    if let (Some(force), Some(theirs)) = (force, &theirs) {
        lines.push(line("ink", theirs, force_words(force)));
    }
    lines.push(line("go", &mine, draft_words));
    let cells = |at: usize| std::iter::once(&mine).chain(&theirs).map(|numbers| numbers.get(at).copied()).collect();
    let name = |day: NaiveDate| text.day(day);
    let half = x(1) / 2.0;
    let read_outs = days.iter().enumerate().map(|(at, day)| {
        let told = |id: Option<i64>, count: i64| match id {
            Some(version) => say!(text, "ui-editor-force-count", version = version, count = count),
            None => say!(text, "ui-editor-draft-count", count = count),
        };
        let mine = mine.get(at).map(|count| told(None, *count));
        let theirs = theirs.as_ref().zip(force).and_then(|(of, force)| Some(told(Some(force.version), *of.get(at)?)));
        let lines = std::iter::once(name(*day)).chain(mine).chain(theirs).collect();
        ReadOut { from: (x(at) - half).max(0.0), to: (x(at) + half).min(100.0), at: x(at), lines }
    });
    let columns = [text.say("ui-editor-until-day"), text.say("ui-editor-draft")];
    let version = force.map(|force| say!(text, "ui-editor-version", version = force.version));
    let row = |(at, day): (usize, &NaiveDate)| Row { name: name(*day), exact: day.to_string(), cells: cells(at) };
    let table = Table {
        text,
        columns: columns.into_iter().chain(version).collect(),
        rows: days.iter().enumerate().map(row).collect(),
        csv: String::new(),
    };
    let every = days.len().div_ceil(4).max(1);
    let named = days.iter().enumerate().filter(|(at, _)| at.is_multiple_of(every));
    let ticks = named.map(|(at, day)| Tick::at(x(at), name(*day))).collect();
    LineChart { label, lines, ticks, read_outs: read_outs.collect(), table }.plot(text)
}

/// The days that have a point: all of the time that is shown, and of both outcomes.
fn days(text: Text, draft: &Outcome, force: Option<&Force<'_>>, (from, to): (Moment, Moment)) -> Vec<NaiveDate> {
    let outcomes = std::iter::once(draft).chain(force.map(|force| force.outcome));
    let granted: Vec<_> = outcomes.flat_map(|of| &of.by_day).map(|day| day.date).collect();
    let first = granted.iter().copied().chain([text.day_of(from)]).min().unwrap_or_default();
    let last = granted.iter().copied().chain([text.day_of(to)]).max().unwrap_or(first);
    let all = u64::try_from((last - first).num_days()).unwrap_or_default();
    let step = (all / MOST).max(1);
    // the last one is always there
    let back = (0..=all).step_by(usize::try_from(step).unwrap_or(1));
    let mut days: Vec<_> = back.filter_map(|before| last.checked_sub_days(Days::new(before))).collect();
    days.reverse();
    days
}

fn total(days: &[Day], until: NaiveDate) -> i64 {
    days.iter().filter(|day| day.date <= until).map(|day| day.granted).sum()
}
