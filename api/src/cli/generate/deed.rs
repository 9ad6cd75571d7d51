//! One thing that a made-up member does, and how its source tells it: each source has a clock and a
//! habit of its own, as real ones do.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use domain::zone::Tz;

use crate::app::activities::RawActivity;

/// How a source says when something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// In UTC, and which zone the member is in.
    Zone,
    /// By the clock on the wall, with its offset, and no zone.
    Wall,
    /// Both.
    WallAndZone,
}

/// Something a member does.
pub(super) struct Deed {
    source: &'static str,
    kind: &'static str,
    clock: Clock,
    measures: BTreeMap<String, i64>,
}

impl Deed {
    pub(super) fn plain(source: &'static str, kind: &'static str, clock: Clock) -> Self {
        Self { source, kind, clock, measures: BTreeMap::new() }
    }

    pub(super) fn with<const N: usize>(mut self, measures: [(&str, u32); N]) -> Self {
        self.measures = measures.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        self
    }

    /// Devices have nothing but a clock, and no connection at times.
    pub(super) fn by_device(&self) -> bool {
        self.clock == Clock::Wall
    }

    /// The report of it.
    pub(super) fn told(self, id: String, member_id: String, moment: DateTime<Tz>) -> RawActivity {
        let occurred_at = match self.clock {
            Clock::Zone => moment.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true),
            Clock::Wall | Clock::WallAndZone => moment.to_rfc3339_opts(SecondsFormat::Secs, false),
        };
        let time_zone = match self.clock {
            Clock::Zone | Clock::WallAndZone => Some(moment.timezone().name().to_owned()),
            Clock::Wall => None,
        };
        let (source, kind) = (self.source.to_owned(), self.kind.to_owned());
        RawActivity { source, id, member_id, kind, occurred_at, time_zone, measures: self.measures }
    }
}

/// The moment at which clocks in a zone show this time; the next that exists where they skip it.
pub(super) fn local(zone: Tz, date: NaiveDate, second: u32) -> DateTime<Tz> {
    let wall = date.and_time(NaiveTime::MIN) + TimeDelta::seconds(second.into());
    let shown = zone.from_local_datetime(&wall).earliest();
    let later = || zone.from_local_datetime(&(wall + TimeDelta::hours(1))).earliest();
    // No zone of ours skips more than an hour; the last resort only keeps this total.
    shown.or_else(later).unwrap_or_else(|| zone.from_utc_datetime(&wall))
}
