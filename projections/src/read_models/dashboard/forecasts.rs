//! The input of forecasts for rewards: the days and hours to use, and what was taken in each. The domain makes the
//! forecast.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::forecast::{Forecast, HOURS, MOST_DAYS, Stock};
use domain::zone::Tz;
use uuid::Uuid;

use super::counts::Grants;
use super::days::last_midnights;
use super::offers::{CampaignRow, RewardRow};
use super::view::View;
use crate::engine::error::FoldError;

/// How many midnights a forecast needs.
pub(super) const MIDNIGHTS: usize = MOST_DAYS + 1;

/// A reward of a campaign, and since when members could claim it (see `since`).
#[derive(Debug, Clone)]
pub(super) struct Offered {
    pub(super) reward: RewardRow,
    pub(super) grants: Grants,
    /// The moment from which members could claim it.
    since: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

impl Offered {
    pub(super) fn of(reward: RewardRow, grants: Grants, added_at: DateTime<Utc>, campaign: &CampaignRow) -> Self {
        let ends_at = campaign.ended_at.map_or(campaign.ends_at, |ended_at| ended_at.min(campaign.ends_at));
        Self { reward, grants, since: added_at.max(campaign.starts_at), ends_at }
    }

    /// Grants that are left; `None` where there is no limit.
    pub(super) fn remaining(&self) -> Option<i64> {
        self.reward.quantity.map(|quantity| quantity - self.grants.taken())
    }

    fn stock(&self, at: DateTime<Utc>) -> Option<Stock> {
        let remaining = self.remaining().filter(|remaining| *remaining > 0)?;
        (at < self.ends_at).then(|| Stock { remaining, at: at.into(), ends_at: self.ends_at.into() })
    }
}

impl View {
    /// The rewards of these campaigns, with the data that forecasts need.
    pub(super) async fn offered(
        &mut self,
        rewards: Vec<(RewardRow, Grants)>,
        campaigns: &[CampaignRow],
    ) -> Result<Vec<Offered>, FoldError> {
        let added: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(
            "select wanted.reward_id, added.recorded_at
            from unnest($1::uuid[]) as wanted(reward_id)
            cross join lateral (
                select position
                from dashboard_rewards
                where dashboard_rewards.reward_id = wanted.reward_id
                order by reward_id, position
                limit 1
            ) as first
            cross join lateral (
                select recorded_at
                from events
                where events.position = first.position
                limit 1
            ) as added",
        )
        .bind(rewards.iter().map(|(reward, _)| reward.reward_id).collect::<Vec<_>>())
        .fetch_all(&mut *self.tx)
        .await?;
        let added: HashMap<Uuid, DateTime<Utc>> = added.into_iter().collect();
        let campaigns: HashMap<Uuid, &CampaignRow> = campaigns.iter().map(|row| (row.campaign_id, row)).collect();
        let offered = rewards.into_iter().filter_map(|(reward, grants)| {
            let campaign = campaigns.get(&reward.campaign_id)?;
            let added_at = added.get(&reward.reward_id)?;
            Some(Offered::of(reward, grants, *added_at, campaign))
        });
        Ok(offered.collect())
    }

    /// The forecasts of these rewards, by the days of a time zone.
    pub(super) async fn forecasts(
        &mut self,
        offered: &[Offered],
        zone: Tz,
    ) -> Result<Vec<Option<Forecast>>, FoldError> {
        let midnights = last_midnights(self.clock, zone, MIDNIGHTS);
        let with_stock = offered.iter().filter(|one| one.stock(self.clock).is_some());
        let wanted: Vec<_> = with_stock.map(|one| (one.reward.clone(), one.grants)).collect();
        let before = self.grants_before(&wanted, &midnights).await?;
        let before = wanted.into_iter().map(|(reward, _)| reward.reward_id).zip(before).collect();
        self.forecasts_by(offered, &midnights, &before).await
    }

    /// The same, if the grants before each of the last midnights are already known.
    pub(super) async fn forecasts_by(
        &mut self,
        offered: &[Offered],
        midnights: &[DateTime<Utc>],
        before: &HashMap<Uuid, Vec<Grants>>,
    ) -> Result<Vec<Option<Forecast>>, FoldError> {
        let mut forecasts = vec![None; offered.len()];
        let mut short = Vec::new();
        for (place, one) in offered.iter().enumerate() {
            let Some((stock, grants)) = one.stock(self.clock).zip(before.get(&one.reward.reward_id)) else { continue };
            let first = midnights.partition_point(|midnight| *midnight < one.since);
            let days = net_taken(grants.get(first..).unwrap_or_default());
            forecasts[place] = Forecast::of(stock, &days, &[]);
            if forecasts[place].as_ref().is_some_and(|forecast| forecast.is_short(stock)) {
                short.push((place, stock, days));
            }
        }
        let wanted: Vec<_> =
            short.iter().map(|(place, _, _)| (offered[*place].reward.clone(), offered[*place].grants)).collect();
        let hours: Vec<_> = (1..=HOURS).rev().map(|ago| self.clock - hours(ago)).collect();
        let before = self.grants_before(&wanted, &hours).await?;
        for ((place, stock, days), mut grants) in short.into_iter().zip(before) {
            grants.push(offered[place].grants);
            forecasts[place] = Forecast::of(stock, &days, &net_taken(&grants));
        }
        Ok(forecasts)
    }
}

fn hours(number: usize) -> TimeDelta {
    TimeDelta::hours(i64::try_from(number).unwrap_or_default())
}

/// What was taken between consecutive moments.
fn net_taken(grants: &[Grants]) -> Vec<i64> {
    grants.windows(2).map(|pair| pair[1].taken() - pair[0].taken()).collect()
}
