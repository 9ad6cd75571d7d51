//! Folds campaign and claim events into the catalogue: a campaign's events bring terms, a claim's
//! events move what is held and granted of its reward.

use std::collections::{BTreeMap, BTreeSet};

use domain::Event;
use domain::campaign::{CampaignEvent, CampaignTerms, RewardTerms};
use domain::claim::ClaimEvent;
use domain::condition::Condition;
use domain::value::ValueEvent;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::{CampaignRow, RewardRow, campaign_columns, reward_columns};
use crate::engine::error::FoldError;
use crate::engine::follower::BatchInterval;
use crate::engine::projection::{Projection, Spread};
use crate::log::{EventHeader, Recorded};
use crate::read_models::json_text::json_text;

/// The projection of this folder.
#[derive(Debug, Clone, Copy)]
pub struct CampaignCatalogue;

impl Projection for CampaignCatalogue {
    const NAME: &'static str = "campaign_catalogue";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["campaign", "claim", "codes"];
    const TABLES: &'static [&'static str] = &["campaigns", "rewards"];
    const SPREAD: Spread = Spread::Whole {
        because: "claims, whose subject is a member, count on the rewards of campaigns, whose subject is the campaign",
    };
    /// Each batch writes a row for every reward that was claimed; whoever looks at what is left sees it soon enough.
    const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(25, 50);

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut catalogue = load(tx, batch).await?;
        for recorded in batch {
            match &recorded.event {
                Event::Campaign(event) => catalogue.take_in(event, &recorded.entry)?,
                Event::Claim(event) => catalogue.count(event),
                Event::Value(event) => catalogue.restock(event),
                Event::Member(_) | Event::Activity(_) | Event::Referral(_) => {}
            }
        }
        write_campaigns(tx, &catalogue.campaigns.into_values().collect::<Vec<_>>()).await?;
        write_rewards(tx, &catalogue.rewards.into_values().collect::<Vec<_>>()).await
    }
}

/// The rows that a batch touches.
#[derive(Default)]
struct Catalogue {
    campaigns: BTreeMap<Uuid, CampaignRow>,
    rewards: BTreeMap<Uuid, RewardRow>,
}

impl Catalogue {
    fn take_in(&mut self, event: &CampaignEvent, entry: &EventHeader) -> Result<(), FoldError> {
        let id: Uuid =
            entry.aggregate_id.parse().map_err(|_| FoldError::stored("campaign id", entry.aggregate_id.as_str()))?;
        if let CampaignEvent::Created(created) = event {
            self.campaigns.insert(id, created_row(id, &created.terms, &created.condition, entry));
        }
        let Some(row) = self.campaigns.get_mut(&id) else {
            return Err(FoldError::stored("campaign event before its campaign", entry.event_type.as_str()));
        };
        row.sequence = entry.sequence;
        row.position = entry.position;
        match event {
            CampaignEvent::Created(_) => {}
            CampaignEvent::Revised(revised) => {
                row.revise(&revised.terms);
                if let Some(condition) = &revised.condition {
                    row.condition = Json(condition.to_json());
                }
                row.condition_version = revised.condition_version.into();
            }
            CampaignEvent::Paused(_) => "paused".clone_into(&mut row.run),
            CampaignEvent::Resumed(_) => "running".clone_into(&mut row.run),
            CampaignEvent::Ended(_) => "ended".clone_into(&mut row.run),
            // the status is computed from the window when it is read
            CampaignEvent::Opened(_) | CampaignEvent::Closed(_) => {}
            CampaignEvent::RewardAdded(added) => {
                self.rewards.insert(added.reward_id.0, reward_row(added.reward_id.0, id, &added.terms, entry));
            }
            CampaignEvent::RewardRevised(revised) => {
                if let Some(reward) = self.rewards.get_mut(&revised.reward_id.0) {
                    reward.name.clone_from(&revised.name);
                    reward.description.clone_from(&revised.description);
                }
            }
            CampaignEvent::StockChanged(change) => {
                if let Some(reward) = self.rewards.get_mut(&change.reward_id.0) {
                    reward.quantity = Some(change.quantity.get());
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, event: &ClaimEvent) {
        let Some(reward) = self.rewards.get_mut(&event.about().reward_id.0) else { return };
        let (held, granted) = event.from_stock();
        reward.held += held;
        reward.granted += granted;
    }

    /// As many grants as codes, where each grant hands out one.
    fn restock(&mut self, event: &ValueEvent) {
        let Some((reward, total)) = event.codes() else { return };
        if let Some(row) = self.rewards.get_mut(&reward.0) {
            row.quantity = Some(total);
        }
    }
}

fn created_row(id: Uuid, terms: &CampaignTerms, condition: &Condition, entry: &EventHeader) -> CampaignRow {
    let mut row = CampaignRow {
        campaign_id: id,
        name: String::new(),
        description: None,
        starts_at: terms.starts_at.utc(),
        ends_at: terms.ends_at.utc(),
        frequency: String::new(),
        time_zone: String::new(),
        approval: String::new(),
        max_reward_count: None,
        per_member_limit: None,
        pending_expires_after: String::new(),
        budgets: None,
        condition: Json(condition.to_json()),
        condition_version: 1,
        run: "running".to_owned(),
        sequence: entry.sequence,
        created_position: entry.position,
        position: entry.position,
        created_at: entry.recorded_at.utc(),
    };
    row.revise(terms);
    row
}

impl CampaignRow {
    fn revise(&mut self, terms: &CampaignTerms) {
        self.name.clone_from(&terms.name);
        self.description.clone_from(&terms.description);
        self.starts_at = terms.starts_at.utc();
        self.ends_at = terms.ends_at.utc();
        self.frequency = stored_name(&terms.frequency);
        terms.time_zone.name().clone_into(&mut self.time_zone);
        self.approval = stored_name(&terms.approval);
        self.max_reward_count = terms.max_reward_count.map(Into::into);
        self.per_member_limit = terms.per_member_limit.map(Into::into);
        self.pending_expires_after = terms.pending_expires_after.into();
        self.budgets = (!terms.budgets.is_empty()).then(|| Json(terms.budgets.clone()));
    }
}

/// The name that a term has in the log and in the API.
fn stored_name(term: &impl serde::Serialize) -> String {
    serde_json::to_value(term).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn reward_row(id: Uuid, campaign: Uuid, terms: &RewardTerms, entry: &EventHeader) -> RewardRow {
    RewardRow {
        reward_id: id,
        campaign_id: campaign,
        name: terms.name.clone(),
        description: terms.description.clone(),
        reward_type: terms.reward_type.name().to_owned(),
        amount: terms.amount.get(),
        quantity: terms.first_stock().map(Into::into),
        per_member_limit: terms.per_member_limit.map(Into::into),
        value: terms.value.as_deref().cloned().map(Json),
        held: 0,
        granted: 0,
        created_position: entry.position,
        created_at: entry.recorded_at.utc(),
    }
}

async fn load(tx: &mut PgConnection, batch: &[Recorded]) -> Result<Catalogue, FoldError> {
    let mut campaigns = BTreeSet::new();
    let mut rewards = BTreeSet::new();
    for recorded in batch {
        match &recorded.event {
            Event::Campaign(event) => {
                campaigns.extend(recorded.entry.aggregate_id.parse::<Uuid>());
                match event {
                    CampaignEvent::RewardRevised(revised) => rewards.extend([revised.reward_id.0]),
                    CampaignEvent::StockChanged(change) => rewards.extend([change.reward_id.0]),
                    CampaignEvent::Created(_)
                    | CampaignEvent::Revised(_)
                    | CampaignEvent::Paused(_)
                    | CampaignEvent::Resumed(_)
                    | CampaignEvent::Ended(_)
                    | CampaignEvent::RewardAdded(_)
                    | CampaignEvent::Opened(_)
                    | CampaignEvent::Closed(_) => {}
                }
            }
            Event::Claim(event) => rewards.extend([event.about().reward_id.0]),
            Event::Value(event) => rewards.extend(event.codes().map(|(reward, _)| reward.0)),
            Event::Member(_) | Event::Activity(_) | Event::Referral(_) => {}
        }
    }
    let mut catalogue = Catalogue::default();
    if !campaigns.is_empty() {
        let rows: Vec<CampaignRow> = sqlx::query_as(concat!(
            "select campaign.* from unnest($1::uuid[]) as wanted(campaign_id) cross join lateral (select ",
            campaign_columns!(),
            " from campaigns where campaigns.campaign_id = wanted.campaign_id limit 1) as campaign"
        ))
        .bind(campaigns.into_iter().collect::<Vec<_>>())
        .fetch_all(&mut *tx)
        .await?;
        catalogue.campaigns = rows.into_iter().map(|row| (row.campaign_id, row)).collect();
    }
    if !rewards.is_empty() {
        let rows: Vec<RewardRow> = sqlx::query_as(concat!(
            "select reward.* from unnest($1::uuid[]) as wanted(reward_id) cross join lateral (select ",
            reward_columns!(),
            " from rewards where rewards.reward_id = wanted.reward_id limit 1) as reward"
        ))
        .bind(rewards.into_iter().collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
        catalogue.rewards = rows.into_iter().map(|row| (row.reward_id, row)).collect();
    }
    Ok(catalogue)
}

async fn write_campaigns(tx: &mut PgConnection, rows: &[CampaignRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    let budgets = rows.iter().map(|row| row.budgets.as_ref().map(|budgets| json!(budgets.0).to_string()));
    let budgets = budgets.collect::<Vec<_>>();
    sqlx::query(concat!(
        "insert into campaigns (",
        campaign_columns!(),
        ")
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[],
                             $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::text[], $12::json[],
                             $13::json[], $14::bigint[], $15::text[], $16::bigint[], $17::bigint[],
                             $18::bigint[], $19::timestamptz[])
        on conflict (campaign_id) do update
        set name = excluded.name,
            description = excluded.description,
            starts_at = excluded.starts_at,
            ends_at = excluded.ends_at,
            frequency = excluded.frequency,
            time_zone = excluded.time_zone,
            approval = excluded.approval,
            max_reward_count = excluded.max_reward_count,
            per_member_limit = excluded.per_member_limit,
            pending_expires_after = excluded.pending_expires_after,
            budgets = excluded.budgets,
            condition = excluded.condition,
            condition_version = excluded.condition_version,
            run = excluded.run,
            sequence = excluded.sequence,
            position = excluded.position"
    ))
    .bind(rows.iter().map(|row| row.campaign_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.description.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.starts_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.ends_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.frequency.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.time_zone.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.approval.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.max_reward_count).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.per_member_limit).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.pending_expires_after.as_str()).collect::<Vec<_>>())
    .bind(budgets)
    .bind(rows.iter().map(|row| row.condition.to_string()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.condition_version).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.run.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.sequence).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_rewards(tx: &mut PgConnection, rows: &[RewardRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    let values = rows.iter().map(|row| json_text(row.value.as_ref())).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(concat!(
        "insert into rewards (",
        reward_columns!(),
        ")
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                             $8::bigint[], $9::json[], $10::bigint[], $11::bigint[], $12::bigint[],
                             $13::timestamptz[])
        on conflict (reward_id) do update
        set name = excluded.name,
            description = excluded.description,
            quantity = excluded.quantity,
            held = excluded.held,
            granted = excluded.granted"
    ))
    .bind(rows.iter().map(|row| row.reward_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.campaign_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.description.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.reward_type.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.amount).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.quantity).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.per_member_limit).collect::<Vec<_>>())
    .bind(values)
    .bind(rows.iter().map(|row| row.held).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.granted).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
