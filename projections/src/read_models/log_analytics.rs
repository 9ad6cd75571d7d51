//! How busy was the log, and where in it did something change? Positions have no holes and moments never decrease along
//! them, so that a bucket is two positions, and what happened in it their difference: nothing is counted, and nothing is
//! kept for it. Positions are found by halving, and what was found of the past is remembered: it does not change any more.
//! What changed are the milestones of campaigns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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

/// So many moments are remembered: a few timelines in a few zones.
const REMEMBERED: usize = 4_096;

/// Which position stands before a moment, for moments that the log is beyond. Cheap to clone: all clones remember the same.
#[derive(Debug, Clone, Default)]
pub struct KnownEdges(Arc<Mutex<HashMap<Edge, i64>>>);

/// A moment in one life of the log: one that was restored from a copy goes on otherwise.
type Edge = (i64, DateTime<Utc>);

impl KnownEdges {
    /// The last position before each of these moments, which ascend, as far as a view has come.
    async fn before(&self, view: &mut View, moments: &[DateTime<Utc>]) -> Result<Vec<i64>, FoldError> {
        let AsOf { position, recorded_at } = view.as_of;
        let mut found = self.remembered(view.epoch, moments);
        let is_open = |moment: &DateTime<Utc>| *moment <= recorded_at && !found.contains_key(moment);
        let open: Vec<_> = moments.iter().copied().filter(is_open).collect();
        if !open.is_empty() {
            let before: Vec<i64> = sqlx::query_scalar("select positions_before($1, $2)")
                .bind(&open)
                .bind(position)
                .fetch_one(&mut *view.tx)
                .await?;
            self.remember(view.epoch, open.iter().copied().zip(before.iter().copied()));
            found.extend(open.into_iter().zip(before));
        }
        // nothing of the view was recorded at a later moment
        let before = |moment: &DateTime<Utc>| {
            if *moment <= recorded_at { found.get(moment).copied().unwrap_or(position) } else { position }
        };
        Ok(moments.iter().map(before).collect())
    }

    fn remembered(&self, epoch: i64, moments: &[DateTime<Utc>]) -> HashMap<DateTime<Utc>, i64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        moments.iter().filter_map(|moment| Some((*moment, *known.get(&(epoch, *moment))?))).collect()
    }

    fn remember(&self, epoch: i64, found: impl Iterator<Item = (DateTime<Utc>, i64)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (moment, position) in found {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert((epoch, moment), position);
        }
    }
}

/// The log over time, as of the position of a view.
///
/// # Errors
/// See [`FoldError`].
pub async fn log_analytics(mut view: View, timeline: &Timeline, known: &KnownEdges) -> Result<LogAnalytics, FoldError> {
    let as_of = view.as_of();
    let before = known.before(&mut view, &timeline.edges()).await?;
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
