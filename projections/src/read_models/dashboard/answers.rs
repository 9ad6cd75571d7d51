//! The four answers of the dashboard, put together from a view.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::campaign::{CampaignStatus, RewardType};
use domain::claim::{ClaimStatus, DenialReason};
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::calendar::Timeline;
use super::counts::{Counter, Grants};
use super::offers::{CampaignRow, RewardRow};
use super::sets::{ACTIVE, ASKING};
use super::span::Span;
use super::view::View;
use super::{
    AskedBucket, CampaignBucket, CampaignRewards, EventAnalytics, MemberBucket, Members, RewardAnalytics, Summary,
    TypeOfReward, UserAnalytics,
};
use crate::engine::error::FoldError;

impl View {
    /// The programme in one answer, for the window `from ≤ t < to`.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn summary(mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Summary, FoldError> {
        let campaigns = self.campaigns().await?;
        let rewards = self.rewards().await?;
        let counted = self.counted().await?;
        let window = Span { from, to };
        let active = self.seen(ACTIVE, &[window]).await?;
        let new = self.new_members(&[from, to]).await?;
        let total = length(&counted);
        let claimants = self.claimants(&counted).await?;
        Ok(Summary {
            campaigns: self.statuses(&campaigns),
            rewards: RewardType::ALL
                .map(|kind| (kind, of_type(&rewards, kind).count().try_into().unwrap_or(i64::MAX)))
                .to_vec(),
            claims: self.claims(),
            members: Members {
                total,
                active: active.iter().map(|set| common(set, &counted)).sum(),
                new: new.iter().sum(),
            },
            participation_rate: share(claimants, total),
            as_of: self.as_of,
        })
    }

    /// Campaigns, what they hand out, and when they started, ended and granted.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn events(mut self, timeline: &Timeline) -> Result<EventAnalytics, FoldError> {
        let campaigns = self.campaigns().await?;
        let rewards = self.rewards().await?;
        let steps = self.steps_before(&timeline.edges()).await?;
        let mut buckets: Vec<_> = timeline
            .labels()
            .iter()
            .zip(steps.windows(2))
            .map(|(bucket, pair)| CampaignBucket {
                bucket: *bucket,
                started: 0,
                ended: 0,
                granted: pair[1].get(Counter::GrantSteps) - pair[0].get(Counter::GrantSteps),
            })
            .collect();
        for row in &campaigns {
            let moved = |moment: Option<DateTime<Utc>>| moment.and_then(|moment| timeline.place(moment));
            moved(row.started(self.clock)).into_iter().for_each(|place| buckets[place].started += 1);
            moved(row.ended(self.clock)).into_iter().for_each(|place| buckets[place].ended += 1);
        }
        let mut of_campaigns: HashMap<Uuid, Vec<(RewardRow, Grants)>> = HashMap::new();
        for reward in rewards {
            of_campaigns.entry(reward.0.campaign_id).or_default().push(reward);
        }
        let statuses = self.statuses(&campaigns);
        let rewards = campaigns.into_iter().map(|row| {
            let rewards = of_campaigns.remove(&row.campaign_id).unwrap_or_default();
            CampaignRewards::of(row, &rewards)
        });
        Ok(EventAnalytics { statuses, rewards: rewards.collect(), timeline: buckets, as_of: self.as_of })
    }

    /// What was handed out and what was refused.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn reward_claims(mut self, timeline: &Timeline) -> Result<RewardAnalytics, FoldError> {
        let rewards = self.rewards().await?;
        let steps = self.steps_before(&timeline.edges()).await?;
        let between = |counter: Counter| match (steps.first(), steps.last()) {
            (Some(first), Some(last)) => last.get(counter) - first.get(counter),
            (_, _) => 0,
        };
        let types = RewardType::ALL.map(|reward_type| TypeOfReward {
            reward_type,
            rewards: of_type(&rewards, reward_type).count().try_into().unwrap_or(i64::MAX),
            granted: of_type(&rewards, reward_type).map(|grants| grants.granted).sum(),
            amount: of_type(&rewards, reward_type).map(|grants| grants.amount).sum(),
        });
        let buckets = timeline.labels().iter().zip(steps.windows(2)).map(|(bucket, pair)| AskedBucket {
            bucket: *bucket,
            granted: pair[1].get(Counter::GrantSteps) - pair[0].get(Counter::GrantSteps),
            denied: pair[1].denied() - pair[0].denied(),
            pending: pair[1].get(Counter::PendingSteps) - pair[0].get(Counter::PendingSteps),
        });
        Ok(RewardAnalytics {
            types: types.to_vec(),
            claims: self.claims(),
            denial_reasons: DenialReason::ALL.map(|reason| (reason, between(Counter::Denied(reason)))).to_vec(),
            timeline: buckets.collect(),
            as_of: self.as_of,
        })
    }

    /// Who takes part.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn users(mut self, timeline: &Timeline) -> Result<UserAnalytics, FoldError> {
        let counted = self.counted().await?;
        let spans = timeline.spans();
        let active = self.seen(ACTIVE, &spans).await?;
        let asking = self.seen(ASKING, &spans).await?;
        let new = self.new_members(&timeline.edges()).await?;
        let claimants = self.claimants(&counted).await?;
        let in_window = active.iter().fold(RoaringBitmap::new(), |all, one| all | one);
        let buckets = timeline.labels().iter().zip(&active).zip(&asking).zip(&new);
        Ok(UserAnalytics {
            participation_rate: share(claimants, length(&counted)),
            active: common(&in_window, &counted),
            new: new.iter().sum(),
            timeline: buckets
                .map(|(((bucket, active), asking), new)| MemberBucket {
                    bucket: *bucket,
                    active: common(active, &counted),
                    new: *new,
                    claimants: common(asking, &counted),
                })
                .collect(),
            as_of: self.as_of,
        })
    }

    fn statuses(&self, campaigns: &[CampaignRow]) -> Vec<(CampaignStatus, i64)> {
        let count = |status| campaigns.iter().filter(|row| row.status(self.clock) == status).count();
        CampaignStatus::ALL.map(|status| (status, count(status).try_into().unwrap_or(i64::MAX))).to_vec()
    }

    fn claims(&self) -> Vec<(ClaimStatus, i64)> {
        ClaimStatus::ALL.map(|status| (status, self.counts.get(Counter::Claims(status)))).to_vec()
    }

    /// Members who registered between each two of these moments.
    async fn new_members(&mut self, edges: &[DateTime<Utc>]) -> Result<Vec<i64>, FoldError> {
        let registered = self.registered_before(edges).await?;
        let mut new: Vec<i64> = registered.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (Some(from), Some(to)) = (edges.first(), edges.last()) else { return Ok(new) };
        // who changed role, or was erased, counts as new no more, or only then
        let corrections: Vec<(DateTime<Utc>, i64)> = sqlx::query_as(
            "select registered_at, sum(change)
            from (
                select registered_at, change
                from dashboard_memberships
                where corrects
                  and registered_at >= $1
                  and registered_at < $2
                  and position <= $3
                order by registered_at
            ) as correction
            group by registered_at",
        )
        .bind(from)
        .bind(to)
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        for (registered_at, change) in corrections {
            let begun = edges.partition_point(|edge| *edge <= registered_at);
            if let Some(bucket) = begun.checked_sub(1).and_then(|place| new.get_mut(place)) {
                *bucket += change;
            }
        }
        Ok(new)
    }
}

impl CampaignRow {
    pub(super) fn status(&self, at: DateTime<Utc>) -> CampaignStatus {
        if self.run == "ended" || at >= self.ends_at {
            CampaignStatus::Ended
        } else if self.run == "paused" {
            CampaignStatus::Paused
        } else if at < self.starts_at {
            CampaignStatus::Scheduled
        } else {
            CampaignStatus::Active
        }
    }

    /// When it started, if it has: what is ended before never does.
    fn started(&self, clock: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let starts = self.starts_at <= clock && self.ended_at.is_none_or(|ended_at| self.starts_at < ended_at);
        starts.then_some(self.starts_at)
    }

    /// When it ended, by the clock or by an operator, if it has.
    fn ended(&self, clock: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let ended = self.ended_at.map_or(self.ends_at, |ended_at| ended_at.min(self.ends_at));
        (ended <= clock).then_some(ended)
    }
}

impl CampaignRewards {
    fn of(row: CampaignRow, rewards: &[(RewardRow, Grants)]) -> Self {
        let remaining = rewards
            .iter()
            .map(|(reward, grants)| reward.quantity.map(|quantity| quantity - grants.held - grants.granted));
        Self {
            campaign_id: row.campaign_id,
            name: row.name,
            rewards: rewards.len().try_into().unwrap_or(i64::MAX),
            granted: rewards.iter().map(|(_, grants)| grants.granted).sum(),
            held: rewards.iter().map(|(_, grants)| grants.held).sum(),
            remaining: remaining.sum(),
        }
    }
}

fn of_type(rewards: &[(RewardRow, Grants)], kind: RewardType) -> impl Iterator<Item = &Grants> {
    rewards.iter().filter(move |(reward, _)| reward.reward_type == kind.name()).map(|(_, grants)| grants)
}

fn length(set: &RoaringBitmap) -> i64 {
    i64::try_from(set.len()).unwrap_or(i64::MAX)
}

pub(super) fn common(one: &RoaringBitmap, other: &RoaringBitmap) -> i64 {
    i64::try_from(one.intersection_len(other)).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "members are far fewer than 2⁵³")]
fn share(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
