//! Folds the log into what is known of each campaign. What a batch adds is gathered in memory; each table is written
//! once.

use domain::Event;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::milestones::Milestones;
use crate::engine::error::FoldError;
use crate::engine::follower::BatchInterval;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;

/// The projection of this folder.
#[derive(Debug, Clone, Copy)]
pub struct CampaignAnalytics;

impl Projection for CampaignAnalytics {
    const NAME: &'static str = "campaign_analytics";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["campaign"];
    const TABLES: &'static [&'static str] = &["campaign_milestones"];
    const SPREAD: Spread = Spread::Whole {
        because: "its counters at marks along the log are sums over all who ask for a reward of a campaign",
    };
    /// Nobody sees numbers change more often.
    const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(25, 50);

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut milestones = Milestones::load(tx, batch).await?;
        for recorded in batch {
            match &recorded.event {
                Event::Campaign(event) => milestones.campaign(stream_id(recorded)?, event, &recorded.entry),
                Event::Member(_) | Event::Activity(_) | Event::Claim(_) | Event::Referral(_) => {}
            }
        }
        milestones.write(tx).await
    }
}

/// The stream of an event, which is a campaign's or a claim's.
pub(super) fn stream_id(recorded: &Recorded) -> Result<Uuid, FoldError> {
    let id = &recorded.entry.aggregate_id;
    id.parse().map_err(|_| FoldError::stored("stream id", id.as_str()))
}
