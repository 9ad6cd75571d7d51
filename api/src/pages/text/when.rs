//! Dates and times in the reader's time zone. They are never ambiguous: a time is shown without its day only beside
//! that day.

use std::borrow::Borrow;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike};
use domain::Moment;
use domain::zone::Tz;

use super::{Text, say};

impl Text {
    fn local(&self, moment: impl Borrow<Moment>) -> DateTime<Tz> {
        moment.borrow().utc().with_timezone(&self.zone)
    }

    /// The reader's day at a moment.
    pub(in super::super) fn day_of(&self, moment: impl Borrow<Moment>) -> NaiveDate {
        self.local(moment).date_naive()
    }

    /// `14:32`.
    pub(in super::super) fn clock(&self, moment: impl Borrow<Moment>) -> String {
        let at = self.local(moment);
        format!("{:02}:{:02}", at.hour(), at.minute())
    }

    /// `14:32:08`.
    pub(in super::super) fn clock_with_seconds(&self, moment: impl Borrow<Moment>) -> String {
        let at = self.local(moment);
        format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
    }

    /// `14:32:08.114`.
    pub(in super::super) fn clock_with_milliseconds(&self, moment: impl Borrow<Moment>) -> String {
        let at = self.local(moment);
        format!("{:02}:{:02}:{:02}.{:03}", at.hour(), at.minute(), at.second(), at.timestamp_subsec_millis())
    }

    /// `14 Nov`, `11월 14일`.
    pub(in super::super) fn day(&self, date: NaiveDate) -> String {
        say!(self, "ui-day", day = date.day(), month = self.month(date))
    }

    /// `14 Nov 2026`.
    pub(in super::super) fn day_with_year(&self, date: NaiveDate) -> String {
        let year = date.year().to_string();
        say!(self, "ui-day-with-year", day = date.day(), month = self.month(date), year = year)
    }

    /// `Sat 14 Nov`.
    pub(in super::super) fn weekday_and_day(&self, date: NaiveDate) -> String {
        say!(self, "ui-weekday-and-day", weekday = self.weekday(date), day = date.day(), month = self.month(date))
    }

    /// `Sat 14 Nov 2026`.
    pub(in super::super) fn day_with_weekday(&self, date: NaiveDate) -> String {
        let (day, month, weekday) = (date.day(), self.month(date), self.weekday(date));
        say!(self, "ui-exact-day", weekday = weekday, day = day, month = month, year = date.year().to_string())
    }

    /// The last day before an end: something that ends at midnight ends on the day before.
    pub(in super::super) fn last_day_before(&self, end: Moment) -> NaiveDate {
        self.day_of(Moment::from(end.utc() - TimeDelta::milliseconds(1)))
    }

    /// `Saturday`.
    pub(in super::super) fn long_weekday(&self, date: NaiveDate) -> String {
        self.say_of("long-weekday", &date.weekday().num_days_from_monday().to_string())
    }

    /// `Sat`.
    pub(in super::super) fn weekday(&self, date: NaiveDate) -> String {
        self.say_of("weekday", &date.weekday().num_days_from_monday().to_string())
    }

    /// `Nov`, `11월`.
    pub(in super::super) fn month(&self, date: NaiveDate) -> String {
        self.say_of("month", &date.month().to_string())
    }

    /// `Nov 2026`.
    pub(in super::super) fn month_with_year(&self, date: NaiveDate) -> String {
        say!(self, "ui-month-with-year", month = self.month(date), year = date.year().to_string())
    }

    /// `14 Nov 14:32`.
    pub(in super::super) fn moment(&self, moment: impl Borrow<Moment>) -> String {
        let moment = moment.borrow();
        format!("{} {}", self.day(self.day_of(moment)), self.clock(moment))
    }

    /// `Wed 18 Nov 2026 09:15:41`.
    pub(in super::super) fn exact_moment(&self, moment: impl Borrow<Moment>) -> String {
        let moment = moment.borrow();
        format!("{} {}", self.day_with_weekday(self.day_of(moment)), self.clock_with_seconds(moment))
    }

    /// `Asia/Seoul`, because abbreviations such as `KST` are not known everywhere.
    pub(in super::super) fn zone_name(&self) -> &'static str {
        self.zone.name()
    }
}
