//! The forecast of a reward, as the API shows it.

use domain::{Moment, forecast};
use schemars::JsonSchema;
use serde::Serialize;

/// When a reward sells out at the pace of the last 7 full local days, or of the last 3 hours if less than a day is left
/// at that pace.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Forecast")]
pub(super) struct ForecastBody {
    /// `days` or `hours`: the unit of the pace.
    basis: &'static str,
    /// Grants and holds, minus what was given back, over the whole period.
    taken: i64,
    /// The number of days or hours in that period.
    over: usize,
    /// The least that was taken in one of them; below zero where more was given back.
    slowest: i64,
    /// The most that was taken in one of them.
    fastest: i64,
    /// At the mean pace; null for never.
    sold_out_at: Option<Moment>,
    /// At the fastest pace; null for never.
    earliest: Option<Moment>,
    /// At the slowest pace; null for never.
    latest: Option<Moment>,
    /// At the mean pace the event ends first.
    after_end: bool,
}

impl From<forecast::Forecast> for ForecastBody {
    fn from(forecast: forecast::Forecast) -> Self {
        Self {
            basis: forecast.basis.name(),
            taken: forecast.taken,
            over: forecast.over,
            slowest: forecast.slowest,
            fastest: forecast.fastest,
            sold_out_at: forecast.sold_out_at,
            earliest: forecast.earliest,
            latest: forecast.latest,
            after_end: forecast.after_end,
        }
    }
}
