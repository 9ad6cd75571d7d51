//! How busy the log was, as `/dashboard/log-analytics` tells it.

use domain::Moment;
use serde::Deserialize;

/// Events of the log over time, and the changes of promotional events.
#[derive(Deserialize)]
pub(super) struct LogAnalytics {
    pub(super) timeline: Vec<Bucket>,
    #[serde(default)]
    pub(super) marks: Vec<Mark>,
}

/// The events of a part of the time.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bucket {
    /// Where it starts.
    pub(super) bucket: Moment,
    pub(super) events: i64,
    /// The position of the last event before its end.
    pub(super) last_position: Option<i64>,
}

/// A change of an event: it opened, ended, or has a new version of its rule.
#[derive(Deserialize)]
pub(super) struct Mark {
    pub(super) at: Moment,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) version: Option<i64>,
}
