//! The running events: for each of them its grants day by day, the remaining stock of its rewards, and how long they
//! last.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::campaign::{Campaign, CampaignEventType, CampaignStatus};
use domain::condition::Condition;
use domain::forecast::Forecast;
use domain::id::RewardId;
use domain::period::Frequency;
use domain::zone::Tz;
use uuid::Uuid;

use super::AsOf;
use super::counts::Grants;
use super::days::{LocalDay, last_days};
use super::forecasts::{MIDNIGHTS, Offered};
use super::offers::{CampaignRow, RewardRow};
use super::view::View;
use crate::engine::error::FoldError;

/// The most events shown: those with the most grants today.
pub const MOST_RUNNING: usize = 50;
/// How many days are shown for each.
const DAYS: usize = 14;

/// The events that run.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// Those with the most grants today first; at most [`MOST_RUNNING`].
    pub events: Vec<RunningEvent>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// An event that is active or paused.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningEvent {
    /// Which.
    pub campaign_id: Uuid,
    /// Its name.
    pub name: String,
    /// Active or paused.
    pub status: CampaignStatus,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// The condition, and its version.
    pub condition: (Arc<Condition>, u32),
    /// How often.
    pub frequency: Frequency,
    /// Grants of the last local days, each up to the time of day of the view; the last is today.
    pub granted_by_day: Vec<i64>,
    /// What it hands out.
    pub rewards: Vec<RunningReward>,
}

impl RunningEvent {
    /// Grants of today.
    #[must_use]
    pub fn granted_today(&self) -> i64 {
        self.granted_by_day.last().copied().unwrap_or_default()
    }
}

/// A reward of such an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningReward {
    /// Which.
    pub reward_id: Uuid,
    /// Its name.
    pub name: String,
    /// The whole stock; `None` if it is unlimited.
    pub quantity: Option<i64>,
    /// The remaining stock; `None` if it is unlimited.
    pub remaining: Option<i64>,
    /// The forecast, if there is one.
    pub forecast: Option<Forecast>,
}

#[derive(sqlx::FromRow)]
struct TermRow {
    position: i64,
    aggregate_id: String,
    event_type: String,
    event_version: String,
    payload: String,
}

/// Campaigns, and the rewards of all of them with what is held and granted.
pub(super) type CampaignsAndRewards = (Vec<CampaignRow>, Vec<(RewardRow, Grants)>);

impl View {
    /// The running events, by the days of a time zone.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn running(mut self, zone: Tz) -> Result<Running, FoldError> {
        let days = last_days(self.clock, zone, DAYS);
        let (mut campaigns, rewards) = self.most_granting(&days).await?;
        let edges: Vec<_> = days.iter().map(LocalDay::span).flat_map(|span| [span.from, span.to]).collect();
        let before = self.grants_before(&rewards, &edges).await?;
        let by_day = granted_by_day(&rewards, &before);
        let today = |row: &CampaignRow| by_day.get(&row.campaign_id).and_then(|days| days.last().copied());
        campaigns.sort_by_key(|row| std::cmp::Reverse(today(row).unwrap_or_default()));
        let terms = self.terms(&campaigns).await?;
        // these midnights serve the days and the forecasts
        let midnights: Vec<_> = days.iter().rev().take(MIDNIGHTS).rev().map(|day| day.starts_at).collect();
        let at_midnights = |grants: Vec<Grants>| grants.into_iter().step_by(2).skip(DAYS - MIDNIGHTS).collect();
        let ids = rewards.iter().map(|(reward, _)| reward.reward_id);
        let before = ids.zip(before.into_iter().map(at_midnights)).collect();
        let offered = self.offered(rewards, &campaigns).await?;
        let forecasts = self.forecasts_by(&offered, &midnights, &before).await?;
        let mut of_campaigns: HashMap<Uuid, Vec<(Offered, Option<Forecast>)>> = HashMap::new();
        for (one, forecast) in offered.into_iter().zip(forecasts) {
            of_campaigns.entry(one.reward.campaign_id).or_default().push((one, forecast));
        }
        let mut events = Vec::with_capacity(campaigns.len());
        for row in campaigns {
            let mut rewards = of_campaigns.remove(&row.campaign_id).unwrap_or_default();
            let Some(campaign) = terms.get(&row.campaign_id) else { continue };
            let (Some(fixed), Some((condition, version))) = (campaign.terms(), campaign.condition()) else { continue };
            rewards.sort_by_key(|(one, _)| one.reward.reward_id);
            events.push(RunningEvent {
                campaign_id: row.campaign_id,
                status: row.status(self.clock),
                ends_at: row.ends_at,
                condition: (Arc::clone(condition), version),
                frequency: fixed.frequency,
                granted_by_day: by_day.get(&row.campaign_id).cloned().unwrap_or_else(|| vec![0; days.len()]),
                rewards: rewards.into_iter().map(|(one, forecast)| running_reward(&one, campaign, forecast)).collect(),
                name: row.name,
            });
        }
        Ok(Running { events, as_of: self.as_of })
    }

    /// The running events and their rewards; if there are too many, those with the most grants today.
    async fn most_granting(&mut self, days: &[LocalDay]) -> Result<CampaignsAndRewards, FoldError> {
        let (mut campaigns, mut rewards) =
            self.offers_that(|status| matches!(status, CampaignStatus::Active | CampaignStatus::Paused)).await?;
        let midnight: Vec<_> = days.last().map(|today| today.starts_at).into_iter().collect();
        let before = self.grants_before(&rewards, &midnight).await?;
        let mut today: HashMap<Uuid, i64> = HashMap::new();
        for ((reward, grants), before) in rewards.iter().zip(before) {
            let since = before.first().map_or(0, |before| grants.steps - before.steps);
            *today.entry(reward.campaign_id).or_default() += since;
        }
        // the sort is stable: newest first among those with equal grants
        campaigns.sort_by_key(|row| std::cmp::Reverse(today.get(&row.campaign_id).copied().unwrap_or_default()));
        campaigns.truncate(MOST_RUNNING);
        let shown: HashSet<Uuid> = campaigns.iter().map(|row| row.campaign_id).collect();
        rewards.retain(|(reward, _)| shown.contains(&reward.campaign_id));
        Ok((campaigns, rewards))
    }

    /// The campaigns with these statuses, newest first, and their rewards.
    pub(super) async fn offers_that(
        &mut self,
        stand: impl Fn(CampaignStatus) -> bool,
    ) -> Result<CampaignsAndRewards, FoldError> {
        let mut campaigns = self.campaigns().await?;
        campaigns.retain(|row| stand(row.status(self.clock)));
        let wanted: HashSet<Uuid> = campaigns.iter().map(|row| row.campaign_id).collect();
        let mut rewards = self.rewards().await?;
        rewards.retain(|(reward, _)| wanted.contains(&reward.campaign_id));
        Ok((campaigns, rewards))
    }

    /// The terms of each of these campaigns.
    pub(super) async fn terms(&mut self, campaigns: &[CampaignRow]) -> Result<HashMap<Uuid, Campaign>, FoldError> {
        let rows: Vec<TermRow> = sqlx::query_as(include_str!("running/terms.sql"))
            .bind(campaigns.iter().map(|row| row.campaign_id.to_string()).collect::<Vec<_>>())
            .bind(self.as_of.position)
            .bind(steps_with_terms())
            .fetch_all(&mut *self.tx)
            .await?;
        let mut terms: HashMap<Uuid, Campaign> = HashMap::new();
        for row in rows {
            let decoded = Event::decode(&row.event_type, &row.event_version, &row.payload);
            let event = decoded.map_err(|source| FoldError::Event { position: row.position, source })?;
            let Event::Campaign(step) = event else { continue };
            let id = row.aggregate_id.parse().map_err(|_| FoldError::stored("campaign id", row.aggregate_id))?;
            terms.entry(id).or_default().evolve(&step);
        }
        Ok(terms)
    }
}

/// The grants of each campaign on each day. `before` has the start and the end of each day in turn.
fn granted_by_day(rewards: &[(RewardRow, Grants)], before: &[Vec<Grants>]) -> HashMap<Uuid, Vec<i64>> {
    let mut by_day: HashMap<Uuid, Vec<i64>> = HashMap::new();
    for ((reward, _), edges) in rewards.iter().zip(before) {
        let granted = by_day.entry(reward.campaign_id).or_insert_with(|| vec![0; edges.len() / 2]);
        for (sum, edges) in granted.iter_mut().zip(edges.chunks_exact(2)) {
            *sum += edges[1].steps - edges[0].steps;
        }
    }
    by_day
}

fn running_reward(one: &Offered, campaign: &Campaign, forecast: Option<Forecast>) -> RunningReward {
    let name = campaign.reward(RewardId(one.reward.reward_id)).map(|terms| terms.name.clone());
    RunningReward {
        reward_id: one.reward.reward_id,
        name: name.unwrap_or_default(),
        quantity: one.reward.quantity,
        remaining: one.remaining(),
        forecast,
    }
}

/// The stored names of the events that change terms other than stock.
fn steps_with_terms() -> Vec<&'static str> {
    let fixes = |step: &&CampaignEventType| match step {
        CampaignEventType::Created
        | CampaignEventType::Revised
        | CampaignEventType::RewardAdded
        | CampaignEventType::RewardRevised => true,
        CampaignEventType::Paused
        | CampaignEventType::Resumed
        | CampaignEventType::Ended
        | CampaignEventType::StockChanged
        | CampaignEventType::Opened
        | CampaignEventType::Closed => false,
    };
    CampaignEventType::ALL.iter().filter(fixes).map(|step| step.name()).collect()
}
