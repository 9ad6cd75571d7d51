//! Where a local date was taken: an IANA zone, or the bare offset that a source's clock showed.

pub mod rules;
mod tz;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::{FixedOffset, NaiveDate, NaiveTime, TimeDelta, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use tz::{Shown, Tz, UnknownZone};

use crate::moment::Moment;
use crate::written::text;

/// The zone written on a fact beside its local date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// An IANA zone such as `Asia/Seoul`.
    Named(Tz),
    /// An offset from UTC such as `+09:00`.
    Offset(FixedOffset),
}

impl Zone {
    /// The calendar day it was in this zone at `moment`.
    #[must_use]
    pub fn local_date(self, moment: Moment) -> NaiveDate {
        match self {
            Self::Named(zone) => local_date(zone, moment),
            Self::Offset(offset) => moment.utc().with_timezone(&offset).date_naive(),
        }
    }
}

/// The calendar day it was in `zone` at `moment`.
#[must_use]
pub fn local_date(zone: Tz, moment: Moment) -> NaiveDate {
    moment.utc().with_timezone(&zone).date_naive()
}

/// The first moment of a calendar day in `zone`: midnight, or what comes after it where midnight is
/// skipped.
#[must_use]
pub fn first_moment(date: NaiveDate, zone: Tz) -> Moment {
    let midnight = date.and_time(NaiveTime::MIN);
    let steps = (0..=24 * 4).map(|quarters| midnight + TimeDelta::minutes(15 * quarters));
    let found = steps.filter_map(|local| zone.from_local_datetime(&local).earliest()).next();
    found.map_or_else(|| Moment::from(midnight.and_utc()), Moment::from)
}

/// The first moment after `now` at which it is no day of `dates` in `zone`: they are over, or a clock that was set back
/// shows the day before them once more. `None` where they never end.
#[must_use]
pub fn first_outside(zone: Tz, now: Moment, dates: Range<NaiveDate>) -> Option<Moment> {
    let over = (dates.end < NaiveDate::MAX).then(|| first_moment(dates.end, zone));
    // no clock is set back by more than a day
    let changes_until = over.unwrap_or_else(|| Moment::from(now.utc() + TimeDelta::days(2)));
    let changes = zone.changes_after(now).take_while(|change| *change < changes_until);
    changes.filter(|change| !dates.contains(&local_date(zone, *change))).chain(over).next()
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(zone) => f.write_str(zone.name()),
            Self::Offset(offset) => offset.fmt(f),
        }
    }
}

impl FromStr for Zone {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Tz::from_str(text) {
            Ok(zone) => Ok(Self::Named(zone)),
            Err(_) => FixedOffset::from_str(text).map(Self::Offset),
        }
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, "a zone or an offset", str::parse)
    }
}
