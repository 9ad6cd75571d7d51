//! Minutes, hours, days, weeks and months of a zone as spans of UTC: days of 23 and 25 hours, days that begin at
//! one o'clock, offsets of 30 and 45 minutes. It knows no numbers of the dashboard.

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc,
};
use domain::zone::Tz;

use super::span::Span;

/// The most buckets of a timeline.
pub const MAX_BUCKETS: usize = 2_000;
/// So far away from UTC is no zone.
const BEYOND_ANY_OFFSET: TimeDelta = TimeDelta::hours(26);

/// How long a bucket of a timeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bucket {
    /// A minute, the same in every zone.
    Minute,
    /// An hour of the local clock. One that the clock shows twice is two.
    Hour,
    /// A local calendar day.
    #[default]
    Day,
    /// From Monday on (ISO 8601).
    Week,
    /// A local calendar month.
    Month,
}

impl Bucket {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    fn start_of(self, local: NaiveDateTime) -> NaiveDateTime {
        let date = local.date();
        let first = match self {
            Self::Minute => {
                let minutes = local.hour() * 60 + local.minute();
                return date.and_time(NaiveTime::MIN) + TimeDelta::minutes(minutes.into());
            }
            Self::Hour => return date.and_time(NaiveTime::MIN) + TimeDelta::hours(local.hour().into()),
            Self::Day => date,
            Self::Week => date - Days::new(date.weekday().num_days_from_monday().into()),
            Self::Month => date.with_day(1).unwrap_or(date),
        };
        first.and_time(NaiveTime::MIN)
    }

    fn next(self, start: NaiveDateTime) -> NaiveDateTime {
        match self {
            Self::Minute => start + TimeDelta::minutes(1),
            Self::Hour => start + TimeDelta::hours(1),
            Self::Day => start + Days::new(1),
            Self::Week => start + Days::new(7),
            Self::Month => start + Months::new(1),
        }
    }
}

/// A window of time, cut at the starts of the buckets that it touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// The first is at or before `from`, the others are in the window.
    starts: Vec<DateTime<Utc>>,
}

impl Timeline {
    /// The buckets of the window `from ≤ t < to` in a zone; `None` when there are more than [`MAX_BUCKETS`].
    #[must_use]
    pub fn of(from: DateTime<Utc>, to: DateTime<Utc>, bucket: Bucket, zone: Tz) -> Option<Self> {
        if from >= to {
            return Some(Self { from, to, starts: vec![] });
        }
        // when the clock is put back, it shows each minute of an hour twice
        let zone = if bucket == Bucket::Minute { Tz::UTC } else { zone };
        let mut local = bucket.start_of(from.with_timezone(&zone).naive_local());
        let mut starts = Vec::new();
        loop {
            let begins = instants(local, zone);
            let is_over = begins.first().is_none_or(|first| *first >= to);
            for begin in begins.into_iter().filter(|begin| *begin < to) {
                if starts.last().is_none_or(|last| *last < begin) {
                    starts.push(begin);
                }
            }
            if starts.len() > MAX_BUCKETS + 2 || is_over {
                break;
            }
            local = bucket.next(local);
        }
        let before = starts.iter().filter(|start| **start <= from).count();
        starts.drain(..before.saturating_sub(1));
        (starts.len() <= MAX_BUCKETS).then_some(Self { from, to, starts })
    }

    /// The start of the window, the starts of its buckets but the first, the end of the window.
    pub(crate) fn edges(&self) -> Vec<DateTime<Utc>> {
        let inner = self.starts.iter().skip(1).copied();
        [self.from].into_iter().chain(inner).chain([self.to]).collect()
    }

    /// What of each bucket is in the window.
    pub(super) fn spans(&self) -> Vec<Span> {
        self.edges().windows(2).map(|pair| Span { from: pair[0], to: pair[1] }).collect()
    }

    /// The label of each bucket: where it starts, which for the first may be before the window.
    pub(crate) fn labels(&self) -> &[DateTime<Utc>] {
        &self.starts
    }

    /// The bucket of a moment that is in the window.
    pub(super) fn place(&self, moment: DateTime<Utc>) -> Option<usize> {
        let inside = self.from <= moment && moment < self.to;
        let begun = self.starts.partition_point(|start| *start <= moment);
        begun.checked_sub(1).filter(|_| inside)
    }
}

/// When the local clock shows a time: twice where it is put back, and where it skips the time, the
/// moment of skipping.
pub(super) fn instants(local: NaiveDateTime, zone: Tz) -> Vec<DateTime<Utc>> {
    let utc = |moment: DateTime<Tz>| moment.with_timezone(&Utc);
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(moment) => vec![utc(moment)],
        // a day begins once
        MappedLocalTime::Ambiguous(first, _) if local.time() == NaiveTime::MIN => vec![utc(first)],
        MappedLocalTime::Ambiguous(first, second) => vec![utc(first), utc(second)],
        MappedLocalTime::None => vec![skipped(local, zone)],
    }
}

/// The first moment at which the local clock is beyond a time that it skips.
fn skipped(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let (mut before, mut beyond) = (local.and_utc() - BEYOND_ANY_OFFSET, local.and_utc() + BEYOND_ANY_OFFSET);
    while beyond - before > TimeDelta::milliseconds(1) {
        let half = before + (beyond - before) / 2;
        let half = DateTime::from_timestamp_millis(half.timestamp_millis()).unwrap_or(half);
        if half.with_timezone(&zone).naive_local() < local { before = half } else { beyond = half }
    }
    beyond
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(bucket: Bucket, zone: &str, from: &str, to: &str, expected: &[&str]) {
        let timeline = Timeline::of(at(from), at(to), bucket, zone.parse().unwrap()).unwrap();
        let expected: Vec<_> = expected.iter().map(|start| at(start)).collect();
        assert_eq!(timeline.labels(), expected);
        assert_eq!(timeline.spans().len(), expected.len());
    }

    #[track_caller]
    fn hours(zone: &str, from: &str, to: &str, expected: usize) {
        let timeline = Timeline::of(at(from), at(to), Bucket::Hour, zone.parse().unwrap()).unwrap();
        assert_eq!(timeline.labels().len(), expected);
    }

    #[test]
    fn a_day_begins_at_local_midnight_whatever_the_offset() {
        let kathmandu = ["2026-03-01T18:15:00Z", "2026-03-02T18:15:00Z"];
        check(Bucket::Day, "Asia/Kathmandu", "2026-03-02T00:00:00Z", "2026-03-02T18:15:00.001Z", &kathmandu);
        let berlin = ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"];
        check(Bucket::Day, "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-30T22:00:00Z", &berlin);
    }

    #[test]
    fn a_day_that_skips_midnight_begins_at_its_first_moment_and_one_with_two_at_the_first() {
        let sao_paulo = ["2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"];
        check(Bucket::Day, "America/Sao_Paulo", "2018-11-03T03:00:00Z", "2018-11-06T02:00:00Z", &sao_paulo);
        let havana = ["2024-11-02T04:00:00Z", "2024-11-03T04:00:00Z", "2024-11-04T05:00:00Z"];
        check(Bucket::Day, "America/Havana", "2024-11-02T04:00:00Z", "2024-11-05T05:00:00Z", &havana);
        // a day that never was
        let apia = ["2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"];
        check(Bucket::Day, "Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z", &apia);
    }

    #[test]
    fn a_day_has_23_24_or_25_hours() {
        hours("America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 23);
        hours("America/New_York", "2026-03-09T04:00:00Z", "2026-03-10T04:00:00Z", 24);
        hours("America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 25);
        hours("Asia/Kolkata", "2026-03-08T18:30:00Z", "2026-03-09T18:30:00Z", 24);
        // half an hour is shown twice: one hour is longer
        hours("Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", 24);
        hours("Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", 24);
    }

    #[test]
    fn an_hour_has_sixty_minutes_also_where_the_clock_shows_it_twice() {
        let (from, to) = (at("2026-11-01T05:30:30Z"), at("2026-11-01T06:30:00.001Z"));
        let timeline = Timeline::of(from, to, Bucket::Minute, "America/New_York".parse().unwrap()).unwrap();
        assert_eq!((timeline.labels()[0], timeline.labels().len()), (at("2026-11-01T05:30:00Z"), 61));
        assert!(timeline.labels().windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::minutes(1)));
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let weeks = ["2025-12-28T15:00:00Z", "2026-01-04T15:00:00Z"];
        check(Bucket::Week, "Asia/Seoul", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", &weeks);
        let months = ["2026-01-01T05:00:00Z", "2026-02-01T05:00:00Z", "2026-03-01T05:00:00Z"];
        check(Bucket::Month, "America/New_York", "2026-01-31T12:00:00Z", "2026-03-01T05:00:00.001Z", &months);
    }

    #[test]
    fn the_first_bucket_is_labelled_by_its_start_and_holds_what_is_in_the_window() {
        let (from, to) = (at("2026-03-02T10:00:00Z"), at("2026-03-03T10:00:00Z"));
        let timeline = Timeline::of(from, to, Bucket::Day, Tz::UTC).unwrap();
        assert_eq!(timeline.labels(), [at("2026-03-02T00:00:00Z"), at("2026-03-03T00:00:00Z")]);
        assert_eq!(timeline.spans()[0], Span { from, to: at("2026-03-03T00:00:00Z") });
        assert_eq!(timeline.place(at("2026-03-02T09:59:59Z")), None);
        assert_eq!(timeline.place(from), Some(0));
        assert_eq!(timeline.place(at("2026-03-03T00:00:00Z")), Some(1));
        assert_eq!(timeline.place(to), None);
    }

    #[test]
    fn a_timeline_has_a_bound() {
        let from = at("2026-01-01T00:00:00Z");
        let of = |hours| Timeline::of(from, from + TimeDelta::hours(hours), Bucket::Hour, Tz::UTC);
        assert_eq!(of(2_000).unwrap().labels().len(), 2_000);
        assert_eq!(of(2_001), None);
        assert_eq!(Timeline::of(at("0001-01-01T00:00:00Z"), at("9999-12-31T00:00:00Z"), Bucket::Day, Tz::UTC), None);
    }
}
