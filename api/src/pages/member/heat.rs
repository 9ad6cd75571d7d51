//! The heat map of a member's facts: half a year as a grid of weeks. Each day shows its number on hover; the table
//! below has all of them.

use std::collections::BTreeMap;

use askama::Template;
use chrono::{Datelike as _, Days, NaiveDate};

use crate::pages::text::{Text, say};

const WEEKS: u64 = 26;
/// The side of a day and the gap beside it.
const STEP: u64 = 15;
/// The room for the names of the days.
const LEFT: u64 = 34;
/// The room for the names of the months.
const TOP: u64 = 18;

#[derive(Template)]
#[template(path = "member/heat.html")]
pub(super) struct Heat {
    text: Text,
    label: String,
    width: u64,
    height: u64,
    cells: Vec<Cell>,
    months: Vec<(u64, String)>,
    weekdays: Vec<(u64, String)>,
    rows: Vec<(String, String)>,
}

struct Cell {
    x: u64,
    y: u64,
    /// `h1` … `h3`; empty for a day without facts.
    class: &'static str,
    is_today: bool,
    title: String,
}

impl Heat {
    pub(super) fn of(text: Text, days: &BTreeMap<NaiveDate, i64>, today: NaiveDate) -> Self {
        let back = (WEEKS - 1) * 7 + u64::from(today.weekday().num_days_from_monday());
        let first = today.checked_sub_days(Days::new(back)).unwrap_or(today);
        let within: BTreeMap<NaiveDate, i64> = days.range(first..=today).map(|(day, count)| (*day, *count)).collect();
        let most = within.values().copied().max().unwrap_or(0).max(1);
        let (mut cells, mut months) = (vec![], vec![]);
        for (at, date) in (0..=back).zip(first.iter_days()) {
            let count = within.get(&date).copied().unwrap_or(0);
            let (x, y) = (LEFT + at / 7 * STEP, TOP + at % 7 * STEP);
            if date.day() == 1 {
                months.push((x, text.month(date)));
            }
            let title = say!(text, "ui-member-heat-day", day = text.weekday_and_day(date), count = count);
            cells.push(Cell { x, y, class: level(count, most), is_today: date == today, title });
        }
        let total: i64 = within.values().sum();
        let weekdays = [0, 2, 4]
            .into_iter()
            .filter_map(|at| Some((TOP + at * STEP + 10, text.weekday(first.checked_add_days(Days::new(at))?))));
        let rows = within.iter().rev().map(|(day, count)| (text.day_with_year(*day), text.number(*count)));
        Self {
            text,
            label: say!(text, "ui-member-heat", days = within.len(), facts = total, from = text.day_with_year(first)),
            width: LEFT + WEEKS * STEP,
            height: TOP + 7 * STEP,
            weekdays: weekdays.collect(),
            rows: rows.collect(),
            cells,
            months,
        }
    }
}

/// The level of a day, in thirds of the busiest one.
fn level(count: i64, most: i64) -> &'static str {
    match count.saturating_mul(3) {
        ..=0 => "",
        count if count <= most => "h1",
        count if count <= most.saturating_mul(2) => "h2",
        _ => "h3",
    }
}
