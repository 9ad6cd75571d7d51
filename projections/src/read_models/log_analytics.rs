//! How busy was the log, and where in it did something change? Positions have no holes and moments never decrease along
//! them, so that a bucket is two positions, and what happened in it their difference: nothing is counted, and nothing is
//! kept for it. What changed are the milestones of campaigns.

use chrono::{DateTime, Utc};

use super::campaign_analytics::{CampaignAnalytics, Milestone, View};
use super::dashboard::{AsOf, Timeline};
use crate::engine::error::FoldError;
use crate::engine::projection::Projection as _;

/// The read models that the log over time is put together from.
pub const MODELS: &[&str] = &[CampaignAnalytics::NAME];

/// The log over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAnalytics {
    /// The buckets of the window.
    pub timeline: Vec<LogBucket>,
    /// What changed in campaigns in the window, in the order of the log.
    pub milestones: Vec<Milestone>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// What was recorded in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBucket {
    /// Where the bucket starts.
    pub bucket: DateTime<Utc>,
    /// How many events.
    pub events: i64,
    /// The last position before the end of the bucket: that of its last event, where it has one.
    pub last_position: i64,
}

/// The log over time, as of the position of a view.
///
/// # Errors
/// See [`FoldError`].
pub async fn log_analytics(mut view: View, timeline: &Timeline) -> Result<LogAnalytics, FoldError> {
    let as_of = view.as_of();
    let before: Vec<i64> = sqlx::query_scalar("select positions_before($1, $2)")
        .bind(timeline.edges())
        .bind(as_of.position)
        .fetch_one(&mut *view.tx)
        .await?;
    let milestones = match (before.first(), before.last()) {
        (Some(after), Some(through)) => view.milestones(*after, *through).await?,
        (_, _) => Vec::new(),
    };
    let buckets = timeline.labels().iter().zip(before.windows(2));
    let buckets = buckets.map(|(bucket, edges)| LogBucket {
        bucket: *bucket,
        events: edges[1] - edges[0],
        last_position: edges[1],
    });
    Ok(LogAnalytics { timeline: buckets.collect(), milestones, as_of })
}
