//! Folds the log into the tables of campaign analytics. A batch is collected in memory and writes each table once.

use domain::Event;
use domain::claim::ClaimEvent;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::claimants::Claimants;
use super::judgements::Judgements;
use super::milestones::Milestones;
use super::steps::Steps;
use crate::engine::error::FoldError;
use crate::engine::follower::BatchInterval;
use crate::engine::projection::{Projection, Spread};
use crate::log::{EventHeader, Recorded};

/// The projection of this folder.
#[derive(Debug, Clone, Copy)]
pub struct CampaignAnalytics;

impl Projection for CampaignAnalytics {
    const NAME: &'static str = "campaign_analytics";
    const VERSION: i32 = 3;
    const STREAMS: &'static [&'static str] = &["campaign", "claim"];
    const TABLES: &'static [&'static str] = &[
        "campaign_milestones",
        "campaign_steps",
        "campaign_marks",
        "campaign_judgements",
        "campaign_refusals",
        "campaign_claimants",
    ];
    const LATE_INDEXES: &'static [&'static str] = &["campaign_marks_by_time"];
    const SPREAD: Spread = Spread::Whole {
        because: "its counters at marks along the log are sums over all who ask for a reward of a campaign",
    };
    /// A batch writes several tables, and readers do not need fresher numbers, least of all while claims need the machine.
    const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(25, 200);

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut milestones = Milestones::load(tx, batch).await?;
        let mut claims = Claims::load(tx, batch).await?;
        for recorded in batch {
            match &recorded.event {
                Event::Campaign(event) => milestones.campaign(stream_id(recorded)?, event, &recorded.entry),
                Event::Claim(event) => claims.step(event, &recorded.entry),
                Event::Member(_) | Event::Activity(_) | Event::Referral(_) | Event::Value(_) => {}
            }
        }
        milestones.write(tx).await?;
        claims.write(tx).await
    }
}

/// The campaign whose stream the event is in.
pub(super) fn stream_id(recorded: &Recorded) -> Result<Uuid, FoldError> {
    let id = &recorded.entry.aggregate_id;
    id.parse().map_err(|_| FoldError::stored("stream id", id.as_str()))
}

/// The state of the batch about claims; `None` if it has no events of claims.
struct Claims(Option<(Steps, Judgements, Claimants)>);

impl Claims {
    async fn load(tx: &mut PgConnection, batch: &[Recorded]) -> Result<Self, FoldError> {
        let subjects = || {
            batch.iter().filter_map(|recorded| match &recorded.event {
                Event::Claim(event) => Some(event.about()),
                Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) | Event::Value(_) => {
                    None
                }
            })
        };
        if subjects().next().is_none() {
            return Ok(Self(None));
        }
        let steps = Steps::load(tx, subjects().map(|about| about.campaign_id.0).collect()).await?;
        let judgements = Judgements::load(tx, batch).await?;
        let claimants = subjects().map(|about| (about.campaign_id.0, about.member_id.0));
        Ok(Self(Some((steps, judgements, Claimants::load(tx, claimants.collect()).await?))))
    }

    fn step(&mut self, event: &ClaimEvent, entry: &EventHeader) {
        let Some((steps, judgements, claimants)) = &mut self.0 else { return };
        let group_start = steps.group_start(event.about().campaign_id.0, entry);
        let judged = judgements.step(event, group_start, entry.position);
        steps.step(event, entry, group_start, claimants.step(event), judged);
    }

    async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        let Some((steps, judgements, claimants)) = self.0 else { return Ok(()) };
        steps.write(tx).await?;
        judgements.write(tx).await?;
        claimants.write(tx).await
    }
}
