//! An IANA time zone by the rules in force in this process. Two names of one zone (`Asia/Calcutta`, `Asia/Kolkata`)
//! are equal; each keeps the name it was given. It knows no file and no directory: rules come from [`super::rules`].

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use chrono::{
    DateTime, Datelike, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, Timelike, Utc,
};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::rules;
use crate::moment::Moment;
use crate::written::text;

/// A time zone of the IANA database.
#[derive(Clone, Copy)]
pub struct Tz(&'static Named);

/// A name and the rules behind it.
pub(super) struct Named {
    pub(super) name: &'static str,
    /// As compiled by `zic`; read at the first use, since a process uses few zones.
    pub(super) compiled: &'static [u8],
    pub(super) rules: OnceLock<TimeZone>,
}

static UNIVERSAL: Named = Named { name: "UTC", compiled: &[], rules: OnceLock::new() };

/// There is no zone of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no time zone has this name")]
pub struct UnknownZone;

impl Tz {
    /// Universal time.
    pub const UTC: Self = Self(&UNIVERSAL);

    pub(super) fn of(named: &'static Named) -> Self {
        Self(named)
    }

    /// The name as it was given: `Asia/Calcutta`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name that all names of the zone share: `Asia/Kolkata`.
    #[must_use]
    pub fn primary_name(self) -> &'static str {
        self.rules().primary_iana_name().unwrap_or(self.0.name)
    }

    fn rules(self) -> &'static TimeZone {
        let Named { name, compiled, rules } = self.0;
        // what cannot be read was never taken into the table of zones, but for UTC, which needs no table
        rules.get_or_init(|| TimeZone::tzif(name, compiled).unwrap_or(TimeZone::UTC))
    }

    /// The moments after `moment` at which the clock is set.
    pub(super) fn changes_after(self, moment: Moment) -> impl Iterator<Item = Moment> {
        let changes = self.rules().following(timestamp(moment.utc()));
        changes
            .filter_map(|change| DateTime::from_timestamp_millis(change.timestamp().as_millisecond()))
            .map(Moment::from)
    }

    /// How far the clock is from UTC at a moment.
    fn offset_at(self, utc: NaiveDateTime) -> FixedOffset {
        fixed(self.rules().to_offset(timestamp(utc.and_utc())))
    }

    fn shown(self, offset: jiff::tz::Offset) -> Shown {
        Shown { zone: self, offset: fixed(offset) }
    }
}

/// The moment for the one who reads the rules; the first or the last that they reach.
fn timestamp(moment: DateTime<Utc>) -> Timestamp {
    let limit = if moment.timestamp() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(moment.timestamp_millis()).unwrap_or(limit)
}

fn fixed(offset: jiff::tz::Offset) -> FixedOffset {
    FixedOffset::east_opt(offset.seconds()).unwrap_or_else(|| Utc.fix())
}

/// A local time for the one who reads the rules; none in years that they do not reach.
fn civil(local: NaiveDateTime) -> Option<jiff::civil::DateTime> {
    let part = |number: u32| i8::try_from(number).ok();
    let (year, nanosecond) = (i16::try_from(local.year()).ok()?, i32::try_from(local.nanosecond()).ok()?);
    let (month, day) = (part(local.month())?, part(local.day())?);
    let (hour, minute, second) = (part(local.hour())?, part(local.minute())?, part(local.second())?);
    jiff::civil::DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()
}

/// How far a clock in a zone is from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    zone: Tz,
    offset: FixedOffset,
}

impl Offset for Shown {
    fn fix(&self) -> FixedOffset {
        self.offset
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.offset.fmt(f)
    }
}

impl chrono::TimeZone for Tz {
    type Offset = Shown;

    fn from_offset(offset: &Shown) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<Shown> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<Shown> {
        let Some(civil) = civil(*local) else {
            return MappedLocalTime::Single(self.offset_from_utc_datetime(local));
        };
        match self.rules().to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => MappedLocalTime::Single(self.shown(offset)),
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
            AmbiguousOffset::Fold { before, after } => {
                MappedLocalTime::Ambiguous(self.shown(before), self.shown(after))
            }
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> Shown {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> Shown {
        Shown { zone: *self, offset: self.offset_at(*utc) }
    }
}

impl PartialEq for Tz {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name() || self.primary_name() == other.primary_name()
    }
}

impl Eq for Tz {}

impl fmt::Debug for Tz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Tz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tz {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        rules::in_force().zone(name).ok_or(UnknownZone)
    }
}

impl Serialize for Tz {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Tz {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, "an IANA time zone", str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn two_names_of_one_zone_are_equal_and_neighbours_with_the_same_clock_are_not() {
        let same = |one: &str, other: &str| one.parse::<Tz>() == other.parse::<Tz>();
        for (one, other) in [
            ("Asia/Calcutta", "Asia/Kolkata"),
            ("Etc/UTC", "UTC"),
            ("US/Eastern", "America/New_York"),
            ("Europe/Kiev", "Europe/Kyiv"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
        for (one, other) in [("Europe/Oslo", "Europe/Berlin"), ("Asia/Seoul", "Asia/Tokyo"), ("Etc/GMT+1", "Etc/GMT-1")]
        {
            assert!(!same(one, other), "{one} {other}");
        }
        assert_eq!("Asia/Calcutta".parse::<Tz>().unwrap().name(), "Asia/Calcutta");
        assert_eq!(serde_json::to_value("Asia/Calcutta".parse::<Tz>().unwrap()).unwrap(), "Asia/Calcutta");
    }

    #[test]
    fn a_name_is_known_as_it_is_written_and_nothing_else_is_one() {
        for name in ["asia/seoul", "Asia/Atlantis", "", "Factory", "localtime", "posixrules", "../UTC", "+09:00"] {
            assert_eq!(name.parse::<Tz>(), Err(UnknownZone), "{name}");
        }
    }

    #[test]
    fn years_that_no_rule_reaches_are_no_trouble() {
        let seoul: Tz = "Asia/Seoul".parse().unwrap();
        for utc in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            let offset = seoul.offset_from_utc_datetime(&utc);
            assert_eq!(Tz::from_offset(&offset), seoul);
            assert!(seoul.offset_from_local_datetime(&utc).earliest().is_some());
        }
    }
}
