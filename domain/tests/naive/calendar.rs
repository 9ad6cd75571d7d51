//! A calendar that can only be walked, one day at a time. It uses no date library, so that it cannot
//! share a mistake with the code under test.

use std::fmt;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    pub(crate) year: i32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

const SECONDS_OF_A_DAY: i64 = 86_400;
/// A day to count from, and its number of days since 1970-01-01.
const ANCHOR: (Day, i64) = (Day { year: 2024, month: 1, day: 1 }, 19_723);

pub(crate) fn is_leap(year: i32) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_of_month(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Day {
    pub(crate) fn next(self) -> Self {
        let Self { year, month, day } = self;
        if day < days_of_month(year, month) {
            Self { day: day + 1, ..self }
        } else if month < 12 {
            Self { year, month: month + 1, day: 1 }
        } else {
            Self { year: year + 1, month: 1, day: 1 }
        }
    }

    pub(crate) fn before(self) -> Self {
        let Self { year, month, day } = self;
        if day > 1 {
            Self { day: day - 1, ..self }
        } else if month > 1 {
            Self { year, month: month - 1, day: days_of_month(year, month - 1) }
        } else {
            Self { year: year - 1, month: 12, day: 31 }
        }
    }

    /// The day on the calendar of a wall whose clock is so many seconds ahead of UTC.
    pub(crate) fn at(unix_seconds: i64, ahead: i64) -> Self {
        let wanted = (unix_seconds + ahead).div_euclid(SECONDS_OF_A_DAY);
        let (mut day, mut number) = ANCHOR;
        while number < wanted {
            (day, number) = (day.next(), number + 1);
        }
        while number > wanted {
            (day, number) = (day.before(), number - 1);
        }
        day
    }

    pub(crate) fn read(text: &str) -> Self {
        let part = |range| text.get(range).and_then(|digits: &str| digits.parse::<u32>().ok()).unwrap_or(0);
        Self { year: i32::try_from(part(0..4)).unwrap_or(0), month: part(5..7), day: part(8..10) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}
