//! From when to when a lot is good: whole local days in a zone that is fixed when the lot is given. It knows no member
//! and no unit; whether a lot is used up is another question.

use std::borrow::Cow;

use chrono::{Datelike, Days as ChronoDays, Months, NaiveDate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::moment::Moment;
use crate::quantity::{DelayDays, LifeDays};
use crate::zone::{Tz, first_moment, local_date};

/// No lot ends on a date after this year: instants are written with four digits of a year.
pub const LAST_YEAR: i32 = 9998;

/// When something that is given is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expiry {
    /// So many days after the first day on which it is good.
    Days(Days),
    /// On a fixed date.
    Date {
        /// The last day on which it is good.
        date: NaiveDate,
    },
}

/// So many days after the first day on which it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Days {
    /// How many.
    pub days: LifeDays,
    /// With the month or the year in which that day lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_of: Option<EndOf>,
}

/// What a lot ends together with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndOf {
    /// The calendar month.
    Month,
    /// The calendar year.
    Year,
}

/// By which rules a lot gets its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotTerms {
    /// When it is over; `None` is never.
    pub expiry: Option<Expiry>,
    /// After how many days it can be used.
    pub available_after_days: DelayDays,
    /// Whose calendar days count.
    pub zone: Tz,
}

/// From when to when a lot is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotDates {
    /// From this moment on …
    pub available_from: Moment,
    /// … and before this one; `None` is for ever.
    pub expires_at: Option<Moment>,
}

impl LotDates {
    /// Whether the lot is over.
    #[must_use]
    pub fn have_ended(self, at: Moment) -> bool {
        self.expires_at.is_some_and(|end| end <= at)
    }

    /// Whether the lot cannot be used yet.
    #[must_use]
    pub fn are_ahead(self, at: Moment) -> bool {
        at < self.available_from && !self.have_ended(at)
    }

    /// Whether the lot can be used.
    #[must_use]
    pub fn hold(self, at: Moment) -> bool {
        self.available_from <= at && !self.have_ended(at)
    }
}

impl LotTerms {
    /// The days of a lot that is given at `at`: good from the start of the day that lies `available_after_days` after that
    /// of `at`, over with the first instant of the day after the last good one.
    #[must_use]
    pub fn dates(&self, at: Moment) -> LotDates {
        let first = later(local_date(self.zone, at), self.available_after_days.get());
        let over = self.expiry.map(|expiry| later(expiry.last_good_day(first), 1));
        LotDates {
            available_from: first_moment(first, self.zone),
            expires_at: over.map(|over| first_moment(over, self.zone)),
        }
    }
}

/// One object with either `days` or `date`: programs that are generated from a choice of two objects cannot read `null`.
impl JsonSchema for Expiry {
    fn schema_name() -> Cow<'static, str> {
        "Expiry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (days, end_of) = (LifeDays::json_schema(generator), EndOf::json_schema(generator));
        json_schema!({
            "description": "When something that is given is over: so many `days` after the first good day, or with the month \
                            or year in which that day lies (`endOf`); or with a `date`, the last good day",
            "type": "object",
            "properties": {"days": days, "endOf": end_of, "date": {"type": "string", "format": "date"}},
        })
    }
}

impl Expiry {
    /// So many days, and nothing else.
    #[must_use]
    pub fn after(days: LifeDays) -> Self {
        Self::Days(Days { days, end_of: None })
    }

    /// Whether its date can be written.
    #[must_use]
    pub fn is_within_bounds(self) -> bool {
        match self {
            Self::Days(_) => true,
            Self::Date { date } => (1..=LAST_YEAR).contains(&date.year()),
        }
    }

    /// The last good day of what is good from `first` on: never before that day.
    fn last_good_day(self, first: NaiveDate) -> NaiveDate {
        let last = match self {
            Self::Days(Days { days, end_of }) => {
                let last = later(first, days.get());
                end_of.map_or(last, |end| end.of(last))
            }
            Self::Date { date } => date,
        };
        last.max(first)
    }
}

impl EndOf {
    fn of(self, day: NaiveDate) -> NaiveDate {
        let end = match self {
            Self::Month => day.with_day(1).and_then(|first| first.checked_add_months(Months::new(1))),
            Self::Year => NaiveDate::from_ymd_opt(day.year() + 1, 1, 1),
        };
        end.and_then(|next| next.pred_opt()).unwrap_or(day)
    }
}

fn later(day: NaiveDate, days: i64) -> NaiveDate {
    let days = ChronoDays::new(u64::try_from(days).unwrap_or_default());
    day.checked_add_days(days).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use serde_json::json;

    fn at(text: &str) -> Moment {
        DateTime::parse_from_rfc3339(text).unwrap().into()
    }

    #[track_caller]
    fn check(given: &str, zone: &str, after: i64, expiry: serde_json::Value, from: &str, until: Option<&str>) {
        let terms = LotTerms {
            expiry: serde_json::from_value(expiry.clone()).unwrap(),
            available_after_days: after.try_into().unwrap(),
            zone: zone.parse().unwrap(),
        };
        let dates = terms.dates(at(given));
        let told = (dates.available_from.to_text(), dates.expires_at.map(Moment::to_text));
        assert_eq!(told, (from.to_owned(), until.map(str::to_owned)), "{given} {zone} {after} {expiry}");
    }

    #[test]
    fn a_lot_is_good_in_whole_local_days() {
        let given = "2026-11-21T08:00:00Z";
        let month = json!({"days": 30, "endOf": "month"});
        check(given, "Asia/Seoul", 0, month, "2026-11-20T15:00:00.000Z", Some("2026-12-31T15:00:00.000Z"));
        let days = json!({"days": 30});
        check(given, "Asia/Seoul", 0, days.clone(), "2026-11-20T15:00:00.000Z", Some("2026-12-21T15:00:00.000Z"));
        check(given, "UTC", 7, days, "2026-11-28T00:00:00.000Z", Some("2026-12-29T00:00:00.000Z"));
        let year = json!({"days": 1, "endOf": "year"});
        check(given, "UTC", 0, year, "2026-11-21T00:00:00.000Z", Some("2027-01-01T00:00:00.000Z"));
        check(given, "UTC", 0, json!(null), "2026-11-21T00:00:00.000Z", None);
    }

    #[test]
    fn a_date_is_the_last_good_day_but_never_before_the_first() {
        let given = "2026-11-21T16:00:00Z"; // 22 November in Seoul
        let date = json!({"date": "2026-12-24"});
        check(given, "Asia/Seoul", 0, date.clone(), "2026-11-21T15:00:00.000Z", Some("2026-12-24T15:00:00.000Z"));
        check(given, "Asia/Seoul", 40, date, "2026-12-31T15:00:00.000Z", Some("2027-01-01T15:00:00.000Z"));
        let past = json!({"date": "2020-01-01"});
        check(given, "UTC", 0, past, "2026-11-21T00:00:00.000Z", Some("2026-11-22T00:00:00.000Z"));
    }

    #[test]
    fn a_day_is_a_day_also_where_clocks_are_changed() {
        let one = || json!({"days": 1});
        // New York, 2026: 8 March has 23 hours, 1 November has 25
        check(
            "2026-03-07T12:00:00Z",
            "America/New_York",
            0,
            one(),
            "2026-03-07T05:00:00.000Z",
            Some("2026-03-09T04:00:00.000Z"),
        );
        check(
            "2026-10-31T12:00:00Z",
            "America/New_York",
            0,
            one(),
            "2026-10-31T04:00:00.000Z",
            Some("2026-11-02T05:00:00.000Z"),
        );
        // no midnight on 4 November 2018 in São Paulo; no 30 December 2011 on Samoa
        check(
            "2018-11-02T12:00:00Z",
            "America/Sao_Paulo",
            2,
            one(),
            "2018-11-04T03:00:00.000Z",
            Some("2018-11-06T02:00:00.000Z"),
        );
        check(
            "2011-12-28T20:00:00Z",
            "Pacific/Apia",
            0,
            one(),
            "2011-12-28T10:00:00.000Z",
            Some("2011-12-30T10:00:00.000Z"),
        );
    }

    #[test]
    fn months_and_years_end_where_the_calendar_says() {
        let month = |days: i64| json!({"days": days, "endOf": "month"});
        let from = "2024-01-30T00:00:00.000Z";
        check("2024-01-30T12:00:00Z", "UTC", 0, month(1), from, Some("2024-02-01T00:00:00.000Z"));
        check("2024-01-30T12:00:00Z", "UTC", 0, month(2), from, Some("2024-03-01T00:00:00.000Z"));
        let year = json!({"days": 365, "endOf": "year"});
        check("2024-01-30T12:00:00Z", "UTC", 0, year, from, Some("2026-01-01T00:00:00.000Z"));
    }

    #[test]
    fn what_can_be_used_is_neither_ahead_nor_over() {
        let dates =
            LotDates { available_from: at("2026-11-21T00:00:00Z"), expires_at: Some(at("2026-11-22T00:00:00Z")) };
        let seen = |text| (dates.are_ahead(at(text)), dates.hold(at(text)), dates.have_ended(at(text)));
        assert_eq!(seen("2026-11-20T23:59:59.999Z"), (true, false, false));
        assert_eq!(seen("2026-11-21T00:00:00Z"), (false, true, false));
        assert_eq!(seen("2026-11-21T23:59:59.999Z"), (false, true, false));
        assert_eq!(seen("2026-11-22T00:00:00Z"), (false, false, true));
    }
}
