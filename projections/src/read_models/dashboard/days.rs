//! The last local days of a time zone, each up to the same time of day. It knows nothing of the dashboard's numbers.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::zone::Tz;

use super::calendar::instants;
use super::span::Span;

/// A local day up to a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LocalDay {
    pub(super) date: NaiveDate,
    pub(super) starts_at: DateTime<Utc>,
    /// The last moment that belongs to it, unless the zone skipped that day.
    pub(super) until: DateTime<Utc>,
    is_there: bool,
}

impl LocalDay {
    /// From its start to just after its end.
    pub(super) fn span(&self) -> Span {
        let just_after = TimeDelta::milliseconds(i64::from(self.is_there));
        Span { from: self.starts_at, to: self.until + just_after }
    }
}

/// The last local days up to the one of `now`, each cut at the same time of day. For a time that a day skips it is the
/// moment of the change, and for one that it has twice, the first.
pub(super) fn last_days(now: DateTime<Utc>, zone: Tz, number: usize) -> Vec<LocalDay> {
    let local = now.with_timezone(&zone).naive_local();
    let mut days: Vec<_> = dates_back_from(local.date(), number)
        .map(|date| {
            let starts_at = shown(date, NaiveTime::MIN, zone);
            // a day that the zone skipped ends before it begins
            let until = if date == local.date() { now } else { shown(date, local.time(), zone) };
            LocalDay { date, starts_at, until, is_there: starts_at.with_timezone(&zone).date_naive() == date }
        })
        .collect();
    days.reverse();
    days
}

/// The last midnights up to a moment, in order.
pub(super) fn last_midnights(now: DateTime<Utc>, zone: Tz, number: usize) -> Vec<DateTime<Utc>> {
    let today = now.with_timezone(&zone).date_naive();
    let mut midnights: Vec<_> = dates_back_from(today, number).map(|date| shown(date, NaiveTime::MIN, zone)).collect();
    midnights.reverse();
    midnights
}

fn dates_back_from(today: NaiveDate, number: usize) -> impl Iterator<Item = NaiveDate> {
    (0..).map_while(move |ago| today.checked_sub_days(Days::new(ago))).take(number)
}

/// The moment of a local date and time.
fn shown(date: NaiveDate, time: NaiveTime, zone: Tz) -> DateTime<Utc> {
    let local = date.and_time(time);
    instants(local, zone).first().copied().unwrap_or_else(|| local.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(now: &str, zone: &str, expected: &[(&str, &str, &str)]) {
        let days = last_days(at(now), zone.parse().unwrap(), expected.len());
        let days: Vec<_> = days.iter().map(|day| (day.date, day.starts_at, day.until)).collect();
        let expected =
            expected.iter().map(|(date, starts_at, until)| (date.parse().unwrap(), at(starts_at), at(until)));
        assert_eq!(days, expected.collect::<Vec<_>>());
    }

    #[test]
    fn each_day_ends_at_the_time_of_day_of_now() {
        check(
            "2026-11-21T05:32:08.123Z",
            "Asia/Seoul",
            &[
                ("2026-11-19", "2026-11-18T15:00:00Z", "2026-11-19T05:32:08.123Z"),
                ("2026-11-20", "2026-11-19T15:00:00Z", "2026-11-20T05:32:08.123Z"),
                ("2026-11-21", "2026-11-20T15:00:00Z", "2026-11-21T05:32:08.123Z"),
            ],
        );
    }

    #[test]
    fn a_time_that_a_day_skips_is_the_moment_of_skipping_and_one_that_it_shows_twice_is_the_first() {
        // half past two, before and on the day on which it is skipped
        check(
            "2026-03-09T06:30:00Z",
            "America/New_York",
            &[
                ("2026-03-07", "2026-03-07T05:00:00Z", "2026-03-07T07:30:00Z"),
                ("2026-03-08", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"),
                ("2026-03-09", "2026-03-09T04:00:00Z", "2026-03-09T06:30:00Z"),
            ],
        );
        check(
            "2026-11-02T06:30:00Z",
            "America/New_York",
            &[
                ("2026-11-01", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"),
                ("2026-11-02", "2026-11-02T05:00:00Z", "2026-11-02T06:30:00Z"),
            ],
        );
    }

    #[test]
    fn a_day_that_never_was_is_empty() {
        check(
            "2011-12-31T00:00:00Z",
            "Pacific/Apia",
            &[
                ("2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T00:00:00Z"),
                ("2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"),
                ("2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T00:00:00Z"),
            ],
        );
        let days = last_days(at("2011-12-31T00:00:00Z"), "Pacific/Apia".parse().unwrap(), 3);
        assert_eq!(days.iter().map(|day| day.span().is_empty()).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn midnights_are_in_order_and_the_last_is_before_now() {
        let midnights = last_midnights(at("2026-03-29T22:00:00Z"), "Europe/Berlin".parse().unwrap(), 3);
        assert_eq!(midnights, [at("2026-03-27T23:00:00Z"), at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")]);
    }

    #[test]
    fn days_end_where_the_calendar_does() {
        assert!(last_days(DateTime::<Utc>::MIN_UTC + TimeDelta::days(2), Tz::UTC, 60).len() < 60);
    }
}
