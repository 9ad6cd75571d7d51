//! Campaigns and their rewards over time: a row after each step of a campaign and each change of
//! stock; what of a reward is held and granted, once for each minute and group of positions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::campaign::CampaignEvent;
use domain::claim::ClaimEvent;
use domain::value::ValueEvent;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::counts::Grants;
use super::fold::ById;
use super::marks::group_start;
use super::span::whole_minute;
use crate::engine::error::FoldError;
use crate::log::EventHeader;

/// A campaign after one of its steps.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct CampaignRow {
    pub(super) campaign_id: Uuid,
    pub(super) position: i64,
    pub(super) created_position: i64,
    pub(super) name: String,
    /// `running`, `paused` or `ended`: what operators decided.
    pub(super) run: String,
    pub(super) starts_at: DateTime<Utc>,
    pub(super) ends_at: DateTime<Utc>,
    /// When an operator ended it, if one did.
    pub(super) ended_at: Option<DateTime<Utc>>,
}

/// A reward after a change of its stock.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct RewardRow {
    pub(super) reward_id: Uuid,
    pub(super) position: i64,
    pub(super) campaign_id: Uuid,
    pub(super) reward_type: String,
    pub(super) quantity: Option<i64>,
}

/// What of a reward is held and granted after an event.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct GrantsRow {
    pub(super) reward_id: Uuid,
    pub(super) position: i64,
    /// `None` in rows of an earlier version, which will be rebuilt.
    pub(super) recorded_at: Option<DateTime<Utc>>,
    pub(super) held: i64,
    pub(super) granted: i64,
    pub(super) amount: i64,
    pub(super) grant_steps: i64,
}

impl GrantsRow {
    pub(super) fn grants(&self) -> Grants {
        Grants { held: self.held, granted: self.granted, amount: self.amount, steps: self.grant_steps }
    }

    /// Whether a later step belongs to the same row.
    fn goes_on_with(&self, entry: &EventHeader) -> bool {
        group_start(self.position) == group_start(entry.position)
            && self.recorded_at.map(whole_minute) == Some(whole_minute(entry.recorded_at.utc()))
    }
}

/// A reward, and what of it is held and granted since which position.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct RewardAndGrants {
    #[sqlx(flatten)]
    pub(super) reward: RewardRow,
    changed_position: Option<i64>,
    held: Option<i64>,
    granted: Option<i64>,
    amount: Option<i64>,
    grant_steps: Option<i64>,
}

impl RewardAndGrants {
    /// `None` when nothing was ever granted or held.
    pub(super) fn grants(&self) -> Option<(i64, Grants)> {
        let (held, granted, amount, steps) = (self.held?, self.granted?, self.amount?, self.grant_steps?);
        let grants = Grants { held, granted, amount, steps };
        Some((self.changed_position?, grants))
    }
}

/// The last rows of what a batch mentions, and the rows that it adds.
#[derive(Default)]
pub(super) struct Offers {
    campaigns: ById<CampaignRow>,
    rewards: ById<RewardRow>,
    grants: ById<GrantsRow>,
    new_campaigns: Vec<CampaignRow>,
    new_rewards: Vec<RewardRow>,
    new_grants: BTreeMap<(Uuid, i64), GrantsRow>,
    replaced_grants: Vec<(Uuid, i64)>,
}

impl Offers {
    pub(super) async fn load(
        tx: &mut PgConnection,
        campaigns: BTreeSet<Uuid>,
        rewards: BTreeSet<Uuid>,
    ) -> Result<Self, FoldError> {
        let mut offers = Self::default();
        if !campaigns.is_empty() {
            let rows: Vec<CampaignRow> = sqlx::query_as(
                "select last.*
                from unnest($1::uuid[]) as wanted(campaign_id)
                cross join lateral (
                    select campaign_id, position, created_position, name, run, starts_at, ends_at, ended_at
                    from dashboard_campaigns
                    where dashboard_campaigns.campaign_id = wanted.campaign_id
                    order by campaign_id desc, position desc
                    limit 1
                ) as last",
            )
            .bind(campaigns.into_iter().collect::<Vec<_>>())
            .fetch_all(&mut *tx)
            .await?;
            offers.campaigns = rows.into_iter().map(|row| (row.campaign_id, row)).collect();
        }
        if !rewards.is_empty() {
            let rewards: Vec<Uuid> = rewards.into_iter().collect();
            let rows: Vec<RewardRow> = sqlx::query_as(
                "select last.*
                from unnest($1::uuid[]) as wanted(reward_id)
                cross join lateral (
                    select reward_id, position, campaign_id, reward_type, quantity
                    from dashboard_rewards
                    where dashboard_rewards.reward_id = wanted.reward_id
                    order by reward_id desc, position desc
                    limit 1
                ) as last",
            )
            .bind(&rewards)
            .fetch_all(&mut *tx)
            .await?;
            offers.rewards = rows.into_iter().map(|row| (row.reward_id, row)).collect();
            let rows: Vec<GrantsRow> = sqlx::query_as(
                "select last.*
                from unnest($1::uuid[]) as wanted(reward_id)
                cross join lateral (
                    select reward_id, position, recorded_at, held, granted, amount, grant_steps
                    from dashboard_grants
                    where dashboard_grants.reward_id = wanted.reward_id
                    order by reward_id desc, position desc
                    limit 1
                ) as last",
            )
            .bind(&rewards)
            .fetch_all(tx)
            .await?;
            offers.grants = rows.into_iter().map(|row| (row.reward_id, row)).collect();
        }
        Ok(offers)
    }

    pub(super) fn campaign(&mut self, id: Uuid, event: &CampaignEvent, entry: &EventHeader) {
        let position = entry.position;
        let step = |row: &mut CampaignRow, run: &str| {
            run.clone_into(&mut row.run);
            row.ended_at = (run == "ended").then(|| entry.recorded_at.utc());
        };
        let known = self.campaigns.get(&id).cloned();
        let row = match (event, known) {
            (CampaignEvent::Created(created), _) => CampaignRow {
                campaign_id: id,
                position,
                created_position: position,
                name: created.terms.name.clone(),
                run: "running".to_owned(),
                starts_at: created.terms.starts_at.utc(),
                ends_at: created.terms.ends_at.utc(),
                ended_at: None,
            },
            (CampaignEvent::RewardAdded(added), _) => {
                let quantity = added.terms.first_stock().map(Into::into);
                let reward_type = added.terms.reward_type.name().to_owned();
                let reward_id = added.reward_id.0;
                return self.reward(RewardRow { reward_id, position, campaign_id: id, reward_type, quantity });
            }
            (CampaignEvent::StockChanged(change), _) => {
                if let Some(row) = self.rewards.get(&change.reward_id.0).cloned() {
                    self.reward(RewardRow { position, quantity: Some(change.quantity.get()), ..row });
                }
                return;
            }
            // what the clock does is read off the terms
            (CampaignEvent::RewardRevised(_) | CampaignEvent::Opened(_) | CampaignEvent::Closed(_), _) | (_, None) => {
                return;
            }
            (event, Some(mut row)) => {
                row.position = position;
                match event {
                    CampaignEvent::Revised(revised) => {
                        row.name.clone_from(&revised.terms.name);
                        (row.starts_at, row.ends_at) = (revised.terms.starts_at.utc(), revised.terms.ends_at.utc());
                    }
                    CampaignEvent::Paused(_) => step(&mut row, "paused"),
                    CampaignEvent::Resumed(_) => step(&mut row, "running"),
                    CampaignEvent::Ended(_) => step(&mut row, "ended"),
                    CampaignEvent::Created(_)
                    | CampaignEvent::RewardAdded(_)
                    | CampaignEvent::RewardRevised(_)
                    | CampaignEvent::StockChanged(_)
                    | CampaignEvent::Opened(_)
                    | CampaignEvent::Closed(_) => {}
                }
                row
            }
        };
        self.new_campaigns.push(row.clone());
        self.campaigns.insert(id, row);
    }

    /// As many grants as codes, where each grant hands out one.
    pub(super) fn restock(&mut self, event: &ValueEvent, position: i64) {
        let Some((reward, total)) = event.codes() else { return };
        if let Some(row) = self.rewards.get(&reward.0).cloned() {
            self.reward(RewardRow { position, quantity: Some(total), ..row });
        }
    }

    fn reward(&mut self, row: RewardRow) {
        self.new_rewards.push(row.clone());
        self.rewards.insert(row.reward_id, row);
    }

    pub(super) fn claim(&mut self, event: &ClaimEvent, entry: &EventHeader) {
        let (reward_id, position) = (event.about().reward_id.0, entry.position);
        let before = self.grants.get(&reward_id).copied();
        let unchanged = before.map(|row| row.grants()).unwrap_or_default();
        let mut grants = unchanged;
        grants.claim(event);
        if grants == unchanged {
            return;
        }
        if let Some(before) = before.filter(|row| row.goes_on_with(entry))
            && self.new_grants.remove(&(reward_id, before.position)).is_none()
        {
            self.replaced_grants.push((reward_id, before.position));
        }
        let recorded_at = Some(entry.recorded_at.utc());
        let Grants { held, granted, amount, steps: grant_steps } = grants;
        let row = GrantsRow { reward_id, position, recorded_at, held, granted, amount, grant_steps };
        self.new_grants.insert((reward_id, position), row);
        self.grants.insert(reward_id, row);
    }

    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        write_campaigns(tx, &self.new_campaigns).await?;
        write_rewards(tx, &self.new_rewards).await?;
        delete_grants(tx, &self.replaced_grants).await?;
        write_grants(tx, &self.new_grants.into_values().collect::<Vec<_>>()).await
    }
}

async fn write_campaigns(tx: &mut PgConnection, rows: &[CampaignRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_campaigns
            (campaign_id, position, created_position, name, run, starts_at, ends_at, ended_at)
        select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[],
                             $7::timestamptz[], $8::timestamptz[])",
    )
    .bind(rows.iter().map(|row| row.campaign_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.run.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.starts_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.ends_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.ended_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_rewards(tx: &mut PgConnection, rows: &[RewardRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_rewards (reward_id, position, campaign_id, reward_type, quantity)
        select * from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::bigint[])",
    )
    .bind(rows.iter().map(|row| row.reward_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.campaign_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.reward_type.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.quantity).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// The rows whose group goes on.
async fn delete_grants(tx: &mut PgConnection, rows: &[(Uuid, i64)]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from dashboard_grants
        using unnest($1::uuid[], $2::bigint[]) as replaced(reward_id, position)
        where dashboard_grants.reward_id = replaced.reward_id
          and dashboard_grants.position = replaced.position",
    )
    .bind(rows.iter().map(|(reward, _)| *reward).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, position)| *position).collect::<Vec<_>>())
    // planned each time: a plan made while the table was empty would read all of it ever after
    .persistent(false)
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_grants(tx: &mut PgConnection, rows: &[GrantsRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_grants (reward_id, position, recorded_at, held, granted, amount, grant_steps)
        select * from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[],
                             $7::bigint[])",
    )
    .bind(rows.iter().map(|row| row.reward_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.recorded_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.held).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.granted).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.amount).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.grant_steps).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
