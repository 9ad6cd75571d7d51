//! The moments at which local dates and periods begin, with the midnights that a time zone skips, repeats or moves.
//! Moments are milliseconds since 1970.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Offset, TimeZone, Utc};
use domain::Moment;
use domain::period::Frequency;
use domain::zone::Tz;
use domain::zone::local_date;

const DAY_MS: i64 = 86_400_000;

/// A half-open interval of moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) until: i64,
}

pub(super) fn millis(moment: Moment) -> i64 {
    moment.utc().timestamp_millis()
}

pub(super) fn moment(millis: i64) -> Moment {
    Moment::from(DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default())
}

/// The dates of one zone in a window: each with its first moment.
#[derive(Debug, Clone)]
pub(super) struct Dates(Vec<(i64, NaiveDate)>);

impl Dates {
    pub(super) fn of(zone: Tz, window: Window) -> Self {
        let mut stretches = Vec::new();
        let mut at = window.from;
        while at < window.until {
            let date = local_date(zone, moment(at));
            if stretches.last().is_none_or(|(_, last)| *last != date) {
                stretches.push((at, date));
            }
            at = next_step(zone, at);
        }
        Self(stretches)
    }

    /// The date at a moment of the window.
    pub(super) fn on(&self, at: i64) -> NaiveDate {
        let index = self.0.partition_point(|(start, _)| *start <= at);
        self.0.get(index.saturating_sub(1)).map_or(NaiveDate::MIN, |(_, date)| *date)
    }

    /// When the date changes next.
    pub(super) fn next_after(&self, at: i64) -> Option<i64> {
        self.after(at).next().map(|(start, _)| *start)
    }

    /// Dates that occur a second time.
    fn after(&self, at: i64) -> impl Iterator<Item = &(i64, NaiveDate)> {
        let index = self.0.partition_point(|(start, _)| *start <= at);
        self.0.iter().skip(index)
    }
}

/// The next midnight by the present offset, or the change of the offset if that comes first. The date does not change
/// in between.
fn next_step(zone: Tz, at: i64) -> i64 {
    let offset = |at: i64| {
        i64::from(zone.offset_from_utc_datetime(&moment(at).utc().naive_utc()).fix().local_minus_utc()) * 1_000
    };
    let now = offset(at);
    let midnight = (at + now).div_euclid(DAY_MS) * DAY_MS + DAY_MS - now;
    if offset(midnight - 1) == now {
        return midnight;
    }
    let (mut before, mut after) = (at, midnight - 1);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset(middle) == now { before = middle } else { after = middle }
    }
    after
}

/// The first moment of a date in a zone.
pub(super) fn first_moment(date: NaiveDate, zone: Tz) -> i64 {
    let long_before = date.checked_sub_days(Days::new(2)).unwrap_or(date).and_time(NaiveTime::MIN).and_utc();
    let mut at = long_before.timestamp_millis();
    while local_date(zone, moment(at)) < date {
        at = next_step(zone, at);
    }
    at
}

/// The periods of a draft in its window, by date. Whose date it is, the draft's or the member's, is for
/// [`super::BacktestDraft`] to say: a moment is in the period of the date that a calendar shows.
#[derive(Debug, Clone)]
pub(super) struct Periods {
    /// The first date of each period, in order.
    starts: Vec<NaiveDate>,
    names: Vec<Arc<str>>,
    days: Dates,
}

impl Periods {
    pub(super) fn of(frequency: Frequency, zone: Tz, window: Window) -> Self {
        let mut periods = Self { starts: vec![], names: vec![], days: Dates::of(zone, window) };
        let utc = |at: i64| moment(at).utc().date_naive();
        // in other zones the date may be a day behind or ahead
        let first = utc(window.from).pred_opt().unwrap_or(NaiveDate::MIN);
        let last = utc(window.until).succ_opt().unwrap_or(NaiveDate::MAX);
        for date in first.iter_days().take_while(|date| *date <= last) {
            let name = frequency.period_of(date);
            if periods.names.last().is_none_or(|last| **last != *name) {
                periods.starts.push(date);
                periods.names.push(name.into());
            }
        }
        periods
    }

    /// The calendar of the draft's zone.
    pub(super) fn calendar(&self) -> &Dates {
        &self.days
    }

    fn number(&self, date: NaiveDate) -> u32 {
        let begun = self.starts.partition_point(|start| *start <= date);
        u32::try_from(begun.saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// The number of the period that a moment of the window falls into.
    pub(super) fn at(&self, at: i64, calendar: &Dates) -> u32 {
        self.number(calendar.on(at))
    }

    /// When the next period begins.
    pub(super) fn next_after(&self, at: i64, calendar: &Dates) -> Option<i64> {
        if self.starts.len() < 2 {
            return None;
        }
        let now = self.at(at, calendar);
        calendar.after(at).find(|(_, date)| self.number(*date) != now).map(|(start, _)| *start)
    }

    /// A compact form, since many are kept.
    pub(super) fn shared_name(&self, number: u32) -> Arc<str> {
        let name = usize::try_from(number).ok().and_then(|number| self.names.get(number));
        name.map_or_else(|| "".into(), Arc::clone)
    }

    /// The day in the zone of the draft.
    pub(super) fn day(&self, at: i64) -> NaiveDate {
        self.days.on(at)
    }
}
