//! A release of the time zone database: a year and a letter, `2026f`. It has no date; with six to eight releases a
//! year, we take the first letter as January, the second as February, and so on.

use chrono::NaiveDate;
use domain::Moment;

/// A release; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Release {
    year: i32,
    letter: u8,
}

impl Release {
    pub(super) fn of(version: &str) -> Option<Self> {
        let (year, letter) = version.split_at_checked(4)?;
        let [letter @ b'a'..=b'z'] = *letter.as_bytes() else { return None };
        Some(Self { year: year.parse().ok()?, letter })
    }

    /// Its approximate age in days.
    pub(super) fn age_days(self, now: Moment) -> Option<i64> {
        let month = u32::from(self.letter - b'a').min(11) + 1;
        let made = NaiveDate::from_ymd_opt(self.year, month, 1)?;
        Some((now.utc().date_naive() - made).num_days())
    }
}
