//! The stock of one reward: what is left, its history, and how long it lasts.

use chrono::{DateTime, Utc};
use domain::forecast::Forecast;
use domain::id::RewardId;
use domain::zone::Tz;
use uuid::Uuid;

use super::AsOf;
use super::calendar::Timeline;
use super::counts::Grants;
use super::offers::{CampaignRow, RewardAndGrants, RewardRow};
use super::view::View;
use crate::engine::error::FoldError;

/// The stock of a reward over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockAnalytics {
    /// Which reward.
    pub reward_id: Uuid,
    /// Of which campaign.
    pub campaign_id: Uuid,
    /// The whole stock, taken or not; `None` if it is unlimited.
    pub quantity: Option<i64>,
    /// The remaining stock; `None` if it is unlimited.
    pub remaining: Option<i64>,
    /// Grants that wait for an operator.
    pub held: i64,
    /// Grants that stand.
    pub granted: i64,
    /// The buckets of the window.
    pub burn_down: Vec<StockBucket>,
    /// The forecast, if there is one.
    pub forecast: Option<Forecast>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// One reward in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockBucket {
    /// Where the bucket starts.
    pub bucket: DateTime<Utc>,
    /// The remaining stock at its end, or at the end of the window; `None` for an unlimited stock, before the reward
    /// existed, and if the bucket has not begun.
    pub remaining: Option<i64>,
    /// Grants and holds, minus what was given back.
    pub taken: i64,
}

/// The whole stock since a moment.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
struct QuantityRow {
    recorded_at: DateTime<Utc>,
    quantity: Option<i64>,
}

impl View {
    /// The stock of a reward over time; `None` if the view has no such reward. The forecast uses the days of the time
    /// zone.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn stock(
        mut self,
        reward: RewardId,
        timeline: &Timeline,
        zone: Tz,
    ) -> Result<Option<StockAnalytics>, FoldError> {
        let Some((reward, grants)) = self.reward(reward.0).await? else { return Ok(None) };
        let quantities = self.quantities(reward.reward_id).await?;
        let campaign = self.campaign(reward.campaign_id).await?;
        let campaigns: Vec<_> = campaign.into_iter().collect();
        let Some(offered) = self.offered(vec![(reward, grants)], &campaigns).await?.pop() else { return Ok(None) };
        let forecast = self.forecasts(std::slice::from_ref(&offered), zone).await?.into_iter().next().flatten();
        let edges = timeline.edges();
        let known = [(offered.reward.clone(), offered.grants)];
        let before = self.grants_before(&known, &edges).await?.into_iter().next().unwrap_or_default();
        let begun = |bucket: &DateTime<Utc>| *bucket <= self.clock.max(self.as_of.recorded_at);
        let buckets = timeline.labels().iter().zip(edges.windows(2)).zip(before.windows(2));
        let burn_down = buckets.map(|((bucket, edges), grants)| {
            let quantity = quantity_before(&quantities, edges[1]).filter(|_| begun(bucket));
            let remaining = quantity.map(|quantity| quantity - grants[1].taken());
            StockBucket { bucket: *bucket, remaining, taken: grants[1].taken() - grants[0].taken() }
        });
        Ok(Some(StockAnalytics {
            reward_id: offered.reward.reward_id,
            campaign_id: offered.reward.campaign_id,
            quantity: offered.reward.quantity,
            remaining: offered.remaining(),
            held: offered.grants.held,
            granted: offered.grants.granted,
            burn_down: burn_down.collect(),
            forecast,
            as_of: self.as_of,
        }))
    }

    async fn reward(&mut self, reward: Uuid) -> Result<Option<(RewardRow, Grants)>, FoldError> {
        let row: Option<RewardAndGrants> = sqlx::query_as(
            "select reward.*, last.changed_position, last.held, last.granted, last.amount, last.grant_steps
            from (
                select reward_id, position, campaign_id, reward_type, quantity
                from dashboard_rewards
                where reward_id = $2
                  and position <= $1
                order by reward_id desc, position desc
                limit 1
            ) as reward
            left join lateral (
                select position as changed_position, held, granted, amount, grant_steps
                from dashboard_grants
                where dashboard_grants.reward_id = reward.reward_id
                  and dashboard_grants.position <= $1
                order by reward_id desc, dashboard_grants.position desc
                limit 1
            ) as last on true",
        )
        .bind(self.as_of.position)
        .bind(reward)
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(self.with_recent_grants(row.into_iter().collect()).pop())
    }

    async fn campaign(&mut self, campaign: Uuid) -> Result<Option<CampaignRow>, FoldError> {
        Ok(sqlx::query_as(
            "select campaign_id, position, created_position, name, run, starts_at, ends_at, ended_at
            from dashboard_campaigns
            where campaign_id = $2
              and position <= $1
            order by campaign_id desc, position desc
            limit 1",
        )
        .bind(self.as_of.position)
        .bind(campaign)
        .fetch_optional(&mut *self.tx)
        .await?)
    }

    /// The whole stock over time: a row for each change by an operator.
    async fn quantities(&mut self, reward: Uuid) -> Result<Vec<QuantityRow>, FoldError> {
        Ok(sqlx::query_as(
            "select events.recorded_at, reward.quantity
            from dashboard_rewards as reward
            cross join lateral (
                select recorded_at
                from events
                where events.position = reward.position
                limit 1
            ) as events
            where reward.reward_id = $2
              and reward.position <= $1
            order by reward.reward_id, reward.position",
        )
        .bind(self.as_of.position)
        .bind(reward)
        .fetch_all(&mut *self.tx)
        .await?)
    }
}

/// The whole stock before a moment.
fn quantity_before(quantities: &[QuantityRow], moment: DateTime<Utc>) -> Option<i64> {
    let known = quantities.partition_point(|row| row.recorded_at < moment);
    known.checked_sub(1).and_then(|last| quantities[last].quantity)
}
