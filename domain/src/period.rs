//! How often a reward may be claimed: the period a moment falls into, by name.

use crate::zone::Tz;
use chrono::{Datelike, Days, Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::moment::Moment;
use crate::value::Reference;
use crate::zone::{first_moment, local_date};

/// How often one member may claim one reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Frequency {
    /// One claim for the whole campaign.
    #[default]
    Once,
    /// One claim a calendar day.
    Daily,
    /// One claim an ISO 8601 week.
    Weekly,
    /// One claim a calendar month.
    Monthly,
    /// As often as the member pays: one claim for each reference that they give.
    Each,
}

impl Frequency {
    /// The period that `moment` falls into in a zone: `once`, `2026-11-21`,
    /// `2026-W47` (ISO 8601 week date) or `2026-11`.
    #[must_use]
    pub fn period(self, moment: Moment, zone: Tz) -> String {
        self.period_of(local_date(zone, moment))
    }

    /// The period that a calendar day falls into; claims that need a reference of their own have
    /// [another](Self::period_of_reference).
    #[must_use]
    pub fn period_of(self, day: NaiveDate) -> String {
        match self {
            Self::Once => "once".to_owned(),
            Self::Daily => day.format("%Y-%m-%d").to_string(),
            Self::Weekly => day.format("%G-W%V").to_string(),
            Self::Monthly => day.format("%Y-%m").to_string(),
            Self::Each => "each".to_owned(),
        }
    }

    /// The period of a claim with a reference of its own, where claims need one.
    #[must_use]
    pub fn period_of_reference(reference: &Reference) -> String {
        format!("ref:{reference}")
    }

    /// Whether a claim needs a reference of its own.
    #[must_use]
    pub fn needs_a_reference(self) -> bool {
        match self {
            Self::Each => true,
            Self::Once | Self::Daily | Self::Weekly | Self::Monthly => false,
        }
    }

    /// The first and the last day of the period that a calendar day falls into.
    #[must_use]
    pub fn days_of(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let first = match self {
            Self::Once | Self::Each => NaiveDate::MIN,
            Self::Daily => day,
            Self::Weekly => {
                let since_monday = Days::new(u64::from(day.weekday().num_days_from_monday()));
                day.checked_sub_days(since_monday).unwrap_or(NaiveDate::MIN)
            }
            Self::Monthly => day.with_day(1).unwrap_or(day),
        };
        (first, self.next_starts_on(day).and_then(|next| next.pred_opt()).unwrap_or(NaiveDate::MAX))
    }

    /// When the period after the one of `moment` begins in a zone; there is none after `once`.
    #[must_use]
    pub fn next_starts_at(self, moment: Moment, zone: Tz) -> Option<Moment> {
        let next = self.next_starts_on(local_date(zone, moment))?;
        Some(first_moment(next, zone))
    }

    fn next_starts_on(self, today: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Once | Self::Each => None,
            Self::Daily => today.succ_opt(),
            Self::Weekly => {
                let days_since_monday = u64::from(today.weekday().num_days_from_monday());
                today.checked_add_days(Days::new(7 - days_since_monday))
            }
            Self::Monthly => today.with_day(1)?.checked_add_months(Months::new(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[track_caller]
    fn check(frequency: Frequency, at: &str, zone: &str, expected: &str) {
        let moment = DateTime::parse_from_rfc3339(at).map(Moment::from).unwrap();
        assert_eq!(frequency.period(moment, zone.parse().unwrap()), expected);
    }

    #[test]
    fn a_period_is_named_in_the_zone_of_the_campaign() {
        check(Frequency::Once, "2026-11-21T23:00:00Z", "Asia/Seoul", "once");
        check(Frequency::Daily, "2026-11-21T14:59:59Z", "Asia/Seoul", "2026-11-21");
        check(Frequency::Daily, "2026-11-21T15:00:00Z", "Asia/Seoul", "2026-11-22");
        check(Frequency::Weekly, "2026-11-21T12:00:00Z", "UTC", "2026-W47");
        check(Frequency::Weekly, "2027-01-01T12:00:00Z", "UTC", "2026-W53");
        check(Frequency::Monthly, "2026-12-31T23:30:00-05:00", "UTC", "2027-01");
    }

    #[test]
    fn an_iso_week_belongs_to_the_year_of_its_thursday() {
        for (at, week) in [
            ("2024-12-29T12:00:00Z", "2024-W52"),
            ("2024-12-30T12:00:00Z", "2025-W01"),
            ("2026-12-31T12:00:00Z", "2026-W53"),
            ("2027-01-03T23:59:59Z", "2026-W53"),
            ("2027-01-04T00:00:00Z", "2027-W01"),
            ("2023-01-01T12:00:00Z", "2022-W52"),
        ] {
            check(Frequency::Weekly, at, "UTC", week);
        }
        check(Frequency::Weekly, "2027-01-03T15:00:00Z", "Asia/Seoul", "2027-W01");
        check(Frequency::Weekly, "2027-01-04T04:59:59Z", "America/New_York", "2026-W53");
    }

    #[test]
    fn a_day_is_a_day_also_where_clocks_are_changed() {
        // New York, 2026: 8 March has 23 hours, 1 November has 25
        for (at, day) in [
            ("2026-03-08T04:59:59Z", "2026-03-07"),
            ("2026-03-08T05:00:00Z", "2026-03-08"),
            ("2026-03-09T03:59:59Z", "2026-03-08"),
            ("2026-03-09T04:00:00Z", "2026-03-09"),
            ("2026-11-01T04:00:00Z", "2026-11-01"),
            ("2026-11-02T04:59:59Z", "2026-11-01"),
            ("2026-11-02T05:00:00Z", "2026-11-02"),
        ] {
            check(Frequency::Daily, at, "America/New_York", day);
        }
        // Samoa left out 30 December 2011
        check(Frequency::Daily, "2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29");
        check(Frequency::Daily, "2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-31");
        check(Frequency::Monthly, "2026-11-01T03:59:59Z", "America/New_York", "2026-10");
    }

    #[track_caller]
    fn check_next(frequency: Frequency, at: &str, zone: &str, expected: Option<&str>) {
        let moment = DateTime::parse_from_rfc3339(at).map(Moment::from).unwrap();
        let next = frequency.next_starts_at(moment, zone.parse().unwrap()).map(Moment::to_text);
        assert_eq!(next.as_deref(), expected, "{frequency:?} after {at} in {zone}");
    }

    #[test]
    fn the_next_period_starts_with_the_first_moment_of_its_first_local_day() {
        check_next(Frequency::Once, "2026-11-21T12:00:00Z", "UTC", None);
        check_next(Frequency::Daily, "2026-11-21T14:59:59Z", "Asia/Seoul", Some("2026-11-21T15:00:00.000Z"));
        check_next(Frequency::Daily, "2026-11-21T15:00:00Z", "Asia/Seoul", Some("2026-11-22T15:00:00.000Z"));
        check_next(Frequency::Weekly, "2026-11-21T12:00:00Z", "UTC", Some("2026-11-23T00:00:00.000Z"));
        check_next(Frequency::Weekly, "2026-11-23T00:00:00Z", "UTC", Some("2026-11-30T00:00:00.000Z"));
        check_next(Frequency::Monthly, "2026-12-31T12:00:00Z", "UTC", Some("2027-01-01T00:00:00.000Z"));
        check_next(Frequency::Monthly, "2024-01-31T12:00:00Z", "UTC", Some("2024-02-01T00:00:00.000Z"));
        // the day on which the clock goes forward has 23 hours, the one on which it goes back 25
        check_next(Frequency::Daily, "2026-03-29T12:00:00Z", "Europe/Berlin", Some("2026-03-29T22:00:00.000Z"));
        check_next(Frequency::Daily, "2026-10-25T12:00:00Z", "Europe/Berlin", Some("2026-10-25T23:00:00.000Z"));
        // no midnight, a midnight that comes twice, a day that never was
        check_next(Frequency::Daily, "2018-11-03T12:00:00Z", "America/Sao_Paulo", Some("2018-11-04T03:00:00.000Z"));
        check_next(Frequency::Daily, "2026-10-31T12:00:00Z", "America/Havana", Some("2026-11-01T04:00:00.000Z"));
        check_next(Frequency::Daily, "2011-12-29T20:00:00Z", "Pacific/Apia", Some("2011-12-30T10:00:00.000Z"));
    }

    proptest::proptest! {
        #[test]
        fn a_period_lasts_until_the_next_one_starts(
            second in 1_735_689_600_i64..1_893_456_000,
            zone in proptest::sample::select(crate::zone::rules::in_force().names()),
            frequency in proptest::sample::select(&[Frequency::Daily, Frequency::Weekly, Frequency::Monthly][..]),
        ) {
            let at = |milliseconds| DateTime::from_timestamp_millis(milliseconds).map(Moment::from).unwrap();
            let (zone, moment) = (zone.parse().unwrap(), at(second * 1_000));
            let next = frequency.next_starts_at(moment, zone).unwrap();
            proptest::prop_assert!(next > moment);
            let last = at(next.utc().timestamp_millis() - 1);
            proptest::prop_assert_eq!(frequency.period(last, zone), frequency.period(moment, zone));
            proptest::prop_assert_ne!(frequency.period(next, zone), frequency.period(moment, zone));
        }
    }
}
