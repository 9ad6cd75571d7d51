//! The guard tables: how the rows that a batch touches are read and written. It decides nothing.

use std::collections::BTreeMap;

use domain::id::{CampaignId, MemberId, RewardId};
use domain::identity::{KEY_VERSION, earlier_name_key};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Budget, GrantChange, GuardChange, Guards, Stock};
use crate::log::named_parameters::NamedStatement;

/// Reads the rows of these rewards and their campaigns that are not known yet.
pub(crate) async fn load_rewards(
    connection: &mut PgConnection,
    guards: &mut Guards,
    wanted: impl Iterator<Item = (RewardId, CampaignId)>,
) -> Result<(), sqlx::Error> {
    let (mut rewards, mut campaigns) = (Vec::new(), Vec::new());
    for (reward, campaign) in wanted {
        if !guards.rewards.contains_key(&reward) {
            rewards.push(reward.0);
        }
        if !guards.campaigns.contains_key(&campaign) {
            campaigns.push(campaign.0);
        }
    }
    if !rewards.is_empty() {
        let sql = "select reward_id, campaign_id, quantity, held, granted, per_member_limit
                   from reward_stock
                   where reward_id = any($1)";
        for row in sqlx::query(sql).bind(rewards).fetch_all(&mut *connection).await? {
            let stock = Stock {
                campaign_id: CampaignId(row.try_get("campaign_id")?),
                quantity: row.try_get("quantity")?,
                held: row.try_get("held")?,
                granted: row.try_get("granted")?,
                per_member_limit: row.try_get("per_member_limit")?,
            };
            guards.rewards.insert(RewardId(row.try_get("reward_id")?), stock);
        }
    }
    if !campaigns.is_empty() {
        let sql = "select campaign_id, max_reward_count, per_member_limit, committed, claimed
                   from campaign_budget
                   where campaign_id = any($1)";
        for row in sqlx::query(sql).bind(campaigns).fetch_all(&mut *connection).await? {
            let budget = Budget {
                max_reward_count: row.try_get("max_reward_count")?,
                per_member_limit: row.try_get("per_member_limit")?,
                committed: row.try_get("committed")?,
                claimed: row.try_get("claimed")?,
            };
            guards.campaigns.insert(CampaignId(row.try_get("campaign_id")?), budget);
        }
    }
    Ok(())
}

static GRANTS_OF_MEMBERS: NamedStatement = NamedStatement::new(
    "select wanted.member_id, wanted.campaign_id, taken.reward_id, taken.committed
    from {wanted}
    cross join lateral (
        select reward_id, committed
        from member_grants m
        where m.member_id = wanted.member_id and m.campaign_id = wanted.campaign_id
        offset 0
    ) as taken",
);

/// Reads what these members have of these campaigns.
pub(crate) async fn load_members(
    connection: &mut PgConnection,
    guards: &mut Guards,
    wanted: &[(MemberId, CampaignId)],
) -> Result<(), sqlx::Error> {
    let wanted = GRANTS_OF_MEMBERS.bind().rows("wanted", wanted.iter());
    let wanted = wanted.column("member_id", |(member, _)| member.0).column("campaign_id", |(_, campaign)| campaign.0);
    for row in wanted.end().query()?.fetch_all(&mut *connection).await? {
        let key = (MemberId(row.try_get("member_id")?), CampaignId(row.try_get("campaign_id")?));
        let reward = RewardId(row.try_get("reward_id")?);
        guards.members.entry(key).or_default().insert(reward, row.try_get("committed")?);
    }
    Ok(())
}

/// Reads who has this name, or has it besides whoever had it first.
pub(crate) async fn load_names(
    connection: &mut PgConnection,
    guards: &mut Guards,
    name_key: &str,
    owner: CampaignId,
) -> Result<(), sqlx::Error> {
    let sql = "select name_key, owner from unique_names where kind = 'campaign' and name_key in ($1, $2)";
    let names = sqlx::query(sql).bind(name_key).bind(earlier_name_key(name_key, owner));
    for row in names.fetch_all(&mut *connection).await? {
        guards.names.insert(row.try_get("name_key")?, CampaignId(row.try_get("owner")?));
    }
    Ok(())
}

/// Reads the most that one member has of a campaign, unless this limit leaves room for all of them.
pub(crate) async fn load_most_of_a_member(
    connection: &mut PgConnection,
    guards: &mut Guards,
    campaign: CampaignId,
    limit: Option<i64>,
) -> Result<(), sqlx::Error> {
    guards.most_of_a_member.clear();
    let known = guards.campaigns.get(&campaign);
    let lower = |budget: &&Budget| {
        let limit = limit.unwrap_or(i64::MAX);
        budget.committed > limit && budget.per_member_limit.is_none_or(|before| before > limit)
    };
    if known.filter(lower).is_none() {
        return Ok(());
    }
    let sql = "select coalesce(max(taken), 0)::bigint
               from (
                   select sum(committed) as taken
                   from member_grants
                   where campaign_id = $1
                   group by member_id
               ) as of_members";
    let most = sqlx::query_scalar(sql).bind(campaign.0).fetch_one(connection).await?;
    guards.most_of_a_member.insert(campaign, most);
    Ok(())
}

/// Writes a change that is not a claim's. Claims are counted in the append statement itself.
pub(crate) async fn write(connection: &mut PgConnection, change: &GuardChange) -> Result<(), sqlx::Error> {
    match change {
        GuardChange::Campaign { campaign_id, max_reward_count, per_member_limit, name_key, other_periods: _ } => {
            let budget = "insert into campaign_budget (campaign_id, max_reward_count, per_member_limit)
                          values ($1, $2, $3)
                          on conflict (campaign_id) do update
                          set max_reward_count = excluded.max_reward_count,
                              per_member_limit = excluded.per_member_limit";
            sqlx::query(budget)
                .bind(campaign_id.0)
                .bind(max_reward_count)
                .bind(per_member_limit)
                .execute(&mut *connection)
                .await?;
            // who had the name besides the first keeps it so
            let name = "insert into unique_names as names (kind, name_key, owner, key_version)
                        values ('campaign', $1, $2, $4)
                        on conflict (kind, owner) do update
                        set name_key = case when names.name_key = $3 then $3 else excluded.name_key end,
                            key_version = excluded.key_version";
            sqlx::query(name)
                .bind(name_key)
                .bind(campaign_id.0)
                .bind(earlier_name_key(name_key, campaign_id))
                .bind(KEY_VERSION)
                .execute(&mut *connection)
                .await?;
        }
        GuardChange::Reward { reward_id, campaign_id, quantity, per_member_limit } => {
            let sql = "insert into reward_stock (reward_id, campaign_id, quantity, per_member_limit)
                       values ($1, $2, $3, $4)";
            sqlx::query(sql)
                .bind(reward_id.0)
                .bind(campaign_id.0)
                .bind(quantity)
                .bind(per_member_limit)
                .execute(&mut *connection)
                .await?;
        }
        GuardChange::Quantity { reward_id, quantity } => {
            let sql = "update reward_stock set quantity = $2 where reward_id = $1";
            sqlx::query(sql).bind(reward_id.0).bind(quantity).execute(&mut *connection).await?;
        }
        GuardChange::Grants(_) | GuardChange::Claimed { .. } => {}
    }
    Ok(())
}

/// The claims of a batch, summed up a row.
#[derive(Debug, Default)]
pub(crate) struct GrantTotals {
    /// (held, granted) by reward.
    pub(crate) rewards: BTreeMap<Uuid, (i64, i64)>,
    /// Committed by campaign; 0 where claims were made that took nothing.
    pub(crate) campaigns: BTreeMap<Uuid, i64>,
    /// Committed by member, campaign and reward.
    pub(crate) members: BTreeMap<(Uuid, Uuid, Uuid), i64>,
}

impl GrantTotals {
    pub(crate) fn add(&mut self, change: &GrantChange) {
        let committed = change.held + change.granted;
        let (held, granted) = self.rewards.entry(change.reward_id.0).or_default();
        let from_stock = change.stock();
        *held += from_stock.0;
        *granted += from_stock.1;
        if committed != 0 {
            *self.campaigns.entry(change.campaign_id.0).or_default() += committed;
            let key = (change.member_id.0, change.campaign_id.0, change.reward_id.0);
            *self.members.entry(key).or_default() += committed;
        }
    }

    /// Notes that somebody claimed.
    pub(crate) fn claimed(&mut self, campaign: CampaignId) {
        self.campaigns.entry(campaign.0).or_default();
    }
}
