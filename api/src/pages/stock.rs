//! The remaining stock of a reward in words: how much is left, and how long it lasts. The API makes the forecast.

use domain::Moment;
use serde::Deserialize;

use super::charts::Meter;
use super::text::{Text, say};

/// The API's forecast for a stock.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Forecast {
    /// `days` or `hours`.
    pub(super) basis: String,
    pub(super) taken: i64,
    /// The number of days or hours that the pace was measured over.
    pub(super) over: i64,
    pub(super) slowest: i64,
    pub(super) fastest: i64,
    pub(super) sold_out_at: Option<Moment>,
    pub(super) earliest: Option<Moment>,
    pub(super) latest: Option<Moment>,
    #[serde(default)]
    pub(super) after_end: bool,
}

/// A stock at one moment.
pub(super) struct Stock<'a> {
    pub(super) quantity: Option<i64>,
    pub(super) remaining: Option<i64>,
    pub(super) forecast: Option<&'a Forecast>,
}

/// When it sells out, and how severe that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Until {
    /// `no`, `wait`, or `muted` if nothing needs to be done.
    pub(super) tone: &'static str,
    pub(super) words: String,
}

impl Forecast {
    pub(super) fn is_of_hours(&self) -> bool {
        self.basis == "hours"
    }

    /// `88 a day`.
    pub(super) fn pace(&self, text: Text) -> String {
        let mean = self.taken / self.over.max(1);
        if self.is_of_hours() {
            say!(text, "ui-stock-an-hour", count = mean)
        } else {
            say!(text, "ui-stock-a-day", count = mean)
        }
    }

    /// When it sells out, if that is before the end of the event.
    pub(super) fn sold_out_in_time(&self) -> Option<Moment> {
        self.sold_out_at.filter(|_| !self.after_end)
    }

    /// `16:10` on the day that is shown, else `Thu 26 Nov`.
    pub(super) fn around(text: Text, now: Moment, at: Moment) -> String {
        let (today, day) = (text.day_of(now), text.day_of(at));
        if day == today { say!(text, "ui-stock-today", time = text.clock(at)) } else { text.weekday_and_day(day) }
    }
}

impl Stock<'_> {
    /// When it sells out.
    pub(super) fn until(&self, text: Text, now: Moment) -> Until {
        let muted = |id: &str| Until { tone: "muted", words: text.say(id) };
        match (self.remaining, self.forecast) {
            (None, _) => muted("ui-stock-never"),
            (Some(..=0), _) => Until { tone: "no", words: text.say("ui-stock-sold-out") },
            (Some(_), None) => muted("ui-stock-not-known"),
            (Some(_), Some(forecast)) => match (forecast.sold_out_at, forecast.after_end) {
                (None, _) => muted("ui-stock-not-at-this-pace"),
                (Some(_), true) => muted("ui-stock-after-the-end"),
                (Some(at), false) => {
                    let tone = if text.day_of(at) == text.day_of(now) { "no" } else { "wait" };
                    Until { tone, words: Forecast::around(text, now, at) }
                }
            },
        }
    }

    /// `96 of 3,000 left`.
    pub(super) fn left(&self, text: Text) -> String {
        match (self.remaining, self.quantity) {
            (Some(left), Some(all)) => say!(text, "ui-stock-left", left = left, all = all),
            _ => text.say("ui-stock-unlimited"),
        }
    }

    /// A meter of what is taken; `None` for an unlimited stock.
    pub(super) fn meter(&self, until: &Until) -> Option<Meter> {
        let (left, all) = (self.remaining?, self.quantity?);
        let tone = if until.tone == "no" { "no" } else { "go" };
        Some(Meter::of(&[(tone, all.saturating_sub(left))], all))
    }
}
