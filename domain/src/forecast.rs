//! Forecasts when a reward sells out, from the mean of the last full days, or of the last hours if less than a day is
//! left. It uses whole numbers only, so that the same past always gives the same forecast. It counts nothing itself,
//! and knows neither time zones nor claims.

#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

use crate::moment::Moment;

/// At most this many full days are used …
pub const MOST_DAYS: usize = 7;
/// … and with fewer than these there is no forecast.
pub const FEWEST_DAYS: usize = 2;
/// How many hours are used if less than a day is left.
pub const HOURS: usize = 3;

/// No forecast goes beyond the last year with four digits.
const LAST_YEAR: i32 = 9999;

/// The stock that a forecast starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// Grants that are left.
    pub remaining: i64,
    /// At this moment.
    pub at: Moment,
    /// When members cannot claim any more.
    pub ends_at: Moment,
}

/// What the pace was measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Full local days.
    Days,
    /// The last hours: less than a day is left at the pace of the days.
    Hours,
}

impl Basis {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Hours => "hours",
        }
    }

    fn length(self) -> TimeDelta {
        match self {
            Self::Days => TimeDelta::hours(24),
            Self::Hours => TimeDelta::hours(1),
        }
    }
}

/// When a reward will sell out at the pace so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// What the pace was measured in.
    pub basis: Basis,
    /// Grants and holds, minus what was given back, over the whole period.
    pub taken: i64,
    /// The number of days or hours in that period.
    pub over: usize,
    /// The least that was taken in one of them; below zero where more was given back.
    pub slowest: i64,
    /// The most that was taken in one of them.
    pub fastest: i64,
    /// When the last grant is taken at the mean pace; `None` for never.
    pub sold_out_at: Option<Moment>,
    /// The same at the fastest pace.
    pub earliest: Option<Moment>,
    /// The same at the slowest pace.
    pub latest: Option<Moment>,
    /// At the mean pace the event ends first.
    pub after_end: bool,
}

impl Forecast {
    /// Makes a forecast. `days` is what was taken in each of the last full local days, `hours` in each of the last
    /// [`HOURS`]. `None` if nothing is left, the event has ended, or too few days are known.
    #[must_use]
    pub fn of(stock: Stock, days: &[i64], hours: &[i64]) -> Option<Self> {
        let days = &days[days.len().saturating_sub(MOST_DAYS)..];
        if stock.remaining <= 0 || stock.at >= stock.ends_at || days.len() < FEWEST_DAYS {
            return None;
        }
        let by_days = Self::at_the_pace_of(stock, Basis::Days, days)?;
        if hours.len() == HOURS && by_days.is_short(stock) {
            return Self::at_the_pace_of(stock, Basis::Hours, hours);
        }
        Some(by_days)
    }

    /// Whether less than a day is left at the pace of the days, so that the last hours are more accurate.
    #[must_use]
    pub fn is_short(&self, stock: Stock) -> bool {
        let over = i128::try_from(self.over).unwrap_or_default();
        self.basis == Basis::Days && i128::from(stock.remaining) * over < i128::from(self.taken)
    }

    fn at_the_pace_of(stock: Stock, basis: Basis, taken_in_each: &[i64]) -> Option<Self> {
        let (slowest, fastest) = (*taken_in_each.iter().min()?, *taken_in_each.iter().max()?);
        let taken = taken_in_each.iter().fold(0_i64, |sum, taken| sum.saturating_add(*taken));
        let over = taken_in_each.len();
        let sold_out = |taken: i64, over: usize| stock.sold_out(basis.length(), taken, over);
        let sold_out_at = sold_out(taken, over);
        Some(Self {
            basis,
            taken,
            over,
            slowest,
            fastest,
            sold_out_at,
            earliest: sold_out(fastest, 1),
            latest: sold_out(slowest, 1),
            after_end: sold_out_at.is_none_or(|at| at > stock.ends_at),
        })
    }
}

impl Stock {
    /// The first millisecond at which everything is taken, at `taken` in so many times this length.
    fn sold_out(self, length: TimeDelta, taken: i64, over: usize) -> Option<Moment> {
        if taken <= 0 {
            return None;
        }
        let span = i128::from(length.num_milliseconds()) * i128::try_from(over).ok()?;
        let (whole, taken) = (i128::from(self.remaining).checked_mul(span)?, i128::from(taken));
        let milliseconds = i64::try_from((whole + taken - 1) / taken).ok()?;
        let at = self.at.utc().checked_add_signed(TimeDelta::try_milliseconds(milliseconds)?)?;
        is_written_with_four_digits(at).then(|| Moment::from(at))
    }
}

fn is_written_with_four_digits(at: DateTime<Utc>) -> bool {
    chrono::Datelike::year(&at) <= LAST_YEAR
}
