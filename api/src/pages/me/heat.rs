//! The heat map of the last weeks: a column is a week, and a day is darker the more activities it had.

use askama::Template;
use chrono::{Datelike, Days as SomeDays, NaiveDate, Weekday};

use super::asked::Days;
use crate::pages::text::{Text, say};

/// The distance from one day or week to the next.
const STEP: u32 = 17;
/// The room for the names beside the columns and rows.
const LEFT: u32 = 30;
const TOP: u32 = 16;

/// The heat map.
#[derive(Template)]
#[template(
    source = r#"<svg class="heat" width="{{ width }}" height="136" viewBox="0 0 {{ width }} 136" role="img" aria-label="{{ label }}">{% for (x, y, name) in names %}<text x="{{ x }}" y="{{ y }}">{{ name }}</text>{% endfor %}{% for cell in cells %}<rect{% if cell.level > 0 %} class="h{{ cell.level }}"{% endif %} x="{{ cell.x }}" y="{{ cell.y }}" width="14" height="14"/>{% endfor %}{% if let Some((x, y)) = today %}<rect class="td out" x="{{ x }}" y="{{ y }}" width="14" height="14"/>{% endif %}</svg>"#,
    ext = "html"
)]
pub(super) struct Heat {
    label: String,
    width: u32,
    names: Vec<(u32, u32, String)>,
    cells: Vec<Cell>,
    today: Option<(u32, u32)>,
}

struct Cell {
    x: u32,
    y: u32,
    /// From 0 to 3.
    level: u32,
}

impl Heat {
    pub(super) fn of(text: Text, days: &Days) -> Self {
        let monday = days.from.week(Weekday::Mon).first_day();
        let place = |date: NaiveDate| {
            let since = u32::try_from((date - monday).num_days()).unwrap_or_default();
            (LEFT + since / 7 * STEP, TOP + since % 7 * STEP)
        };
        let mut cells = vec![];
        let mut months: Vec<(u32, u32, String)> = vec![];
        let mut date = days.from;
        while date <= days.today {
            let (x, y) = place(date);
            let found = days.days.iter().find(|day| day.date == date);
            let level = found.map_or(0, |day| match day.activities {
                ..=1 => 1,
                2..=3 => 2,
                _ => 3,
            });
            cells.push(Cell { x, y, level });
            // a month is named above its first whole week
            let begins = date.weekday() == Weekday::Mon && date.day() <= 7;
            if begins && months.last().is_none_or(|(last, _, _)| x >= last + 2 * STEP) {
                months.push((x, 10, text.month(date)));
            }
            let Some(next) = date.checked_add_days(SomeDays::new(1)) else { break };
            date = next;
        }
        let weekdays = [0, 2, 4, 6].into_iter().filter_map(|day| {
            let date = monday.checked_add_days(SomeDays::new(u64::from(day)))?;
            Some((0, TOP + 12 + day * STEP, text.weekday(date)))
        });
        let names = weekdays.chain(months).collect();
        let label =
            say!(text, "ui-me-heat", count = days.days.len(), first = text.day(days.from), last = text.day(days.today));
        let (last, _) = place(days.today);
        Self { label, width: last + STEP, names, cells, today: Some(place(days.today)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::Language;
    use crate::pages::me::asked::Day;
    use domain::zone::Tz;

    #[test]
    fn a_day_is_in_the_column_of_its_week_and_today_has_a_frame() {
        let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
        // a Tuesday to a Saturday of the week after
        let found = |date, activities| Day { date, activities };
        let days =
            Days { from: day(11, 10), today: day(11, 21), days: vec![found(day(11, 10), 1), found(day(11, 16), 9)] };
        let heat = Heat::of(Text { language: Language::English, zone: Tz::UTC }, &days);
        assert_eq!((heat.cells.len(), heat.cells.iter().filter(|cell| cell.level > 0).count()), (12, 2));
        let of = |level| heat.cells.iter().find(|cell| cell.level == level).map(|cell| (cell.x, cell.y));
        assert_eq!((of(1), of(3)), (Some((LEFT, TOP + STEP)), Some((LEFT + STEP, TOP))));
        assert_eq!(heat.today, Some((LEFT + STEP, TOP + 5 * STEP)));
        assert_eq!(heat.label, "Days with an activity, 10 Nov to 21 Nov: 2 days");
    }
}
