//! How busy was the log, and when did campaigns change? Positions have no gaps and recording times never decrease, so
//! the number of events in a bucket is the difference of two positions; nothing is counted or stored. A binary search
//! finds the positions. Those of the past never change, so they are cached. The changes are the milestones of
//! campaigns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::campaign_analytics::{CampaignAnalytics, Milestone, View};
use super::dashboard::{AsOf, Timeline};
use crate::engine::error::FoldError;
use crate::engine::projection::Projection as _;

/// The read models that this answer needs.
pub const MODELS: &[&str] = &[CampaignAnalytics::NAME];

/// The activity of the log over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAnalytics {
    /// The buckets of the window.
    pub timeline: Vec<LogBucket>,
    /// The changes of campaigns in the window, in the order of the log.
    pub milestones: Vec<Milestone>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// The events of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBucket {
    /// Where the bucket starts.
    pub bucket: DateTime<Utc>,
    /// How many events.
    pub events: i64,
    /// The last position before the end of the bucket: that of its last event, if it has one.
    pub last_position: i64,
}

/// How many moments are cached: a few timelines in a few time zones.
const REMEMBERED: usize = 4_096;

/// A cache of the last position before a moment, for moments in the past. Cheap to clone: clones share the cache.
#[derive(Debug, Clone, Default)]
pub struct KnownEdges(Arc<Mutex<HashMap<Edge, i64>>>);

/// Epoch and moment: after a restore from a back-up, the log continues differently.
type Edge = (i64, DateTime<Utc>);

impl KnownEdges {
    /// The last position before each of these moments, within the view. The moments ascend.
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
        // the view contains nothing recorded later
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

/// The activity of the log over time, as of the position of a view.
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
