//! Which campaigns and rewards are there, and what is left of them? Their terms as last revised, and
//! per reward what is held and granted. Where a campaign stands depends on a moment that is passed in.
//! How the rows are folded is in `fold`.

mod fold;

use chrono::{DateTime, Utc};
use domain::budget::Budget;
use domain::campaign::{CampaignStatus, RewardValue};
use domain::id::{CampaignId, RewardId};
use sqlx::types::Json;
use sqlx::{PgExecutor, PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

pub use fold::CampaignCatalogue;

/// One campaign.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the fields are those of a campaign as the API shows it")]
pub struct CampaignRow {
    pub campaign_id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub frequency: String,
    pub time_zone: String,
    pub approval: String,
    pub max_reward_count: Option<i64>,
    pub per_member_limit: Option<i64>,
    pub pending_expires_after: String,
    /// Of a campaign that has some.
    pub budgets: Option<Json<Vec<Budget>>>,
    /// The tree as the API shows it.
    pub condition: Json<serde_json::Value>,
    pub condition_version: i64,
    /// What the operator decided: `running`, `paused` or `ended`; see [`CampaignRow::status`].
    pub run: String,
    /// Of the stream: the entity tag.
    pub sequence: i64,
    /// The position of its first event: the place in lists.
    pub created_position: i64,
    /// The position of its last event.
    pub position: i64,
    pub created_at: DateTime<Utc>,
}

/// One reward.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the fields are those of a reward as the API shows it")]
pub struct RewardRow {
    pub reward_id: Uuid,
    pub campaign_id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub reward_type: String,
    pub amount: i64,
    /// How many grants there are, taken or not; none is without limit.
    pub quantity: Option<i64>,
    pub per_member_limit: Option<i64>,
    /// What a claim moves beside stock, where it is not left to the unit.
    pub value: Option<Json<RewardValue>>,
    /// Promised to pending claims.
    pub held: i64,
    pub granted: i64,
    /// The position of its event: the place in lists.
    pub created_position: i64,
    pub created_at: DateTime<Utc>,
}

/// One reward with the entity tag of its campaign, in whose stream it stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TaggedReward {
    /// The reward.
    #[sqlx(flatten)]
    pub reward: RewardRow,
    /// Of the campaign's stream.
    pub sequence: i64,
}

/// What a claim shows of its reward and its campaign.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RewardName {
    pub reward_id: Uuid,
    pub reward_name: String,
    /// Where points are of another unit than `points`, or were said to be of that.
    pub unit: Option<String>,
    pub campaign_id: Uuid,
    pub campaign_name: String,
}

impl CampaignRow {
    /// Where the campaign stands at a moment.
    #[must_use]
    pub fn status(&self, at: DateTime<Utc>) -> CampaignStatus {
        match self.run.as_str() {
            "ended" => CampaignStatus::Ended,
            _ if at >= self.ends_at => CampaignStatus::Ended,
            "paused" => CampaignStatus::Paused,
            _ if at < self.starts_at => CampaignStatus::Scheduled,
            _ => CampaignStatus::Active,
        }
    }
}

impl RewardRow {
    /// How many grants are left; none is without limit.
    #[must_use]
    pub fn remaining(&self) -> Option<i64> {
        self.quantity.map(|quantity| quantity - self.held - self.granted)
    }
}

/// The columns of a campaign, in the order of the row.
macro_rules! campaign_columns {
    () => {
        "campaign_id, name, description, starts_at, ends_at, frequency, time_zone, approval, max_reward_count,
         per_member_limit, pending_expires_after, budgets, condition, condition_version, run, sequence, created_position,
         position, created_at"
    };
}
/// The columns of a reward, in the order of the row.
macro_rules! reward_columns {
    () => {
        "reward_id, campaign_id, name, description, reward_type, amount, quantity, per_member_limit, value, held,
         granted, created_position, created_at"
    };
}
use {campaign_columns, reward_columns};

/// One campaign.
///
/// # Errors
/// The database's.
pub async fn campaign(pool: &PgPool, id: CampaignId) -> sqlx::Result<Option<CampaignRow>> {
    sqlx::query_as(concat!("select ", campaign_columns!(), " from campaigns where campaign_id = $1"))
        .bind(id.0)
        .fetch_optional(pool)
        .await
}

/// Campaigns that stand in `status` (or in any) at the moment `at`, newest first, created before the
/// position `before`, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn campaigns(
    pool: &PgPool,
    status: Option<CampaignStatus>,
    at: DateTime<Utc>,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<CampaignRow>> {
    let mut query = QueryBuilder::<Postgres>::new(concat!("select ", campaign_columns!(), " from campaigns"));
    query.push(" where created_position < ").push_bind(before.unwrap_or(i64::MAX));
    match status {
        None => {}
        Some(CampaignStatus::Ended) => {
            query.push(" and (run = 'ended' or ends_at <= ").push_bind(at).push(")");
        }
        Some(CampaignStatus::Paused) => {
            query.push(" and run = 'paused' and ends_at > ").push_bind(at);
        }
        Some(CampaignStatus::Scheduled) => {
            query.push(" and run = 'running' and starts_at > ").push_bind(at);
        }
        Some(CampaignStatus::Active) => {
            query.push(" and run = 'running' and starts_at <= ").push_bind(at);
            query.push(" and ends_at > ").push_bind(at);
        }
    }
    query.push(" order by created_position desc limit ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await
}

/// One reward.
///
/// # Errors
/// The database's.
pub async fn reward(pool: &PgPool, id: RewardId) -> sqlx::Result<Option<TaggedReward>> {
    sqlx::query_as(concat!(
        "select ",
        reward_columns!(),
        ", (select sequence from campaigns where campaigns.campaign_id = rewards.campaign_id) as sequence
        from rewards
        where reward_id = $1"
    ))
    .bind(id.0)
    .fetch_optional(pool)
    .await
}

/// Rewards of a campaign (or of all), newest first, created before the position `before`, `limit` at
/// most.
///
/// # Errors
/// The database's.
pub async fn rewards(
    pool: &PgPool,
    campaign: Option<CampaignId>,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<RewardRow>> {
    let mut query = QueryBuilder::<Postgres>::new(concat!("select ", reward_columns!(), " from rewards"));
    query.push(" where created_position < ").push_bind(before.unwrap_or(i64::MAX));
    if let Some(campaign) = campaign {
        query.push(" and campaign_id = ").push_bind(campaign.0);
    }
    query.push(" order by created_position desc limit ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await
}

/// What claims of these rewards show of them and of their campaigns.
///
/// # Errors
/// The database's.
pub async fn names_of(conn: impl PgExecutor<'_>, rewards: &[RewardId]) -> sqlx::Result<Vec<RewardName>> {
    sqlx::query_as(
        "select rewards.reward_id, rewards.name as reward_name, rewards.value ->> 'unit' as unit,
                campaigns.campaign_id, campaigns.name as campaign_name
        from rewards
        join campaigns on campaigns.campaign_id = rewards.campaign_id
        where rewards.reward_id = any($1)",
    )
    .bind(rewards.iter().map(|reward| reward.0).collect::<Vec<_>>())
    .fetch_all(conn)
    .await
}
