//! A release of the time zone database: a year and a letter, `2026f`. It does not say when it was made; with some six to
//! eight of them a year, the first letter stands for January, the second for February, and so on.

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

    /// How many days ago it was made, at least about.
    pub(super) fn age_days(self, now: Moment) -> Option<i64> {
        let month = u32::from(self.letter - b'a').min(11) + 1;
        let made = NaiveDate::from_ymd_opt(self.year, month, 1)?;
        Some((now.utc().date_naive() - made).num_days())
    }
}
