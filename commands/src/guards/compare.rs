//! The check of the guard tables: every row derived from the log once more, and compared.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use super::{GuardChange, changes_of};

/// How many events one page of the fold reads.
const PAGE_EVENTS: i64 = 5_000;

type CompareError = Box<dyn std::error::Error + Send + Sync>;

/// One difference between a guard table and the log.
pub type Difference = String;

/// Derives every guard row from the log and compares it with the tables.
///
/// # Errors
/// The database is out of reach, or an event cannot be decoded.
pub async fn compare_with_log(connection: &mut PgConnection) -> Result<Vec<Difference>, CompareError> {
    sqlx::query("begin isolation level repeatable read read only").execute(&mut *connection).await?;
    let compared = compare(connection).await;
    sqlx::query("rollback").execute(&mut *connection).await?;
    compared
}

async fn compare(connection: &mut PgConnection) -> Result<Vec<Difference>, CompareError> {
    let mut derived = Derived::default();
    let mut after = 0_i64;
    loop {
        let sql = "select position, aggregate_id, event_type, event_version, payload::text as payload
                   from events
                   where position > $1 and aggregate_type in ('campaign', 'claim')
                   order by position
                   limit $2";
        let rows = sqlx::query(sql).bind(after).bind(PAGE_EVENTS).fetch_all(&mut *connection).await?;
        let Some(last) = rows.last() else { break };
        after = last.try_get("position")?;
        for row in &rows {
            let event = domain::Event::decode(
                row.try_get("event_type")?,
                row.try_get("event_version")?,
                row.try_get("payload")?,
            )?;
            if let Some(change) = changes_of(&event, row.try_get("aggregate_id")?) {
                derived.apply(&change);
            }
        }
    }
    derived.differences(connection).await
}

/// A row of `reward_stock`.
#[derive(Debug, Clone, PartialEq, FromRow)]
struct StockRow {
    reward_id: Uuid,
    campaign_id: Uuid,
    quantity: Option<i64>,
    held: i64,
    granted: i64,
    per_member_limit: Option<i64>,
}

/// A row of `campaign_budget`.
#[derive(Debug, Clone, PartialEq, FromRow)]
struct BudgetRow {
    campaign_id: Uuid,
    max_reward_count: Option<i64>,
    per_member_limit: Option<i64>,
    committed: i64,
    claimed: bool,
}

/// The guard rows as the log has them.
#[derive(Default)]
struct Derived {
    rewards: BTreeMap<Uuid, StockRow>,
    campaigns: BTreeMap<Uuid, BudgetRow>,
    members: BTreeMap<(Uuid, Uuid, Uuid), i64>,
    names: BTreeMap<Uuid, String>,
}

impl Derived {
    fn apply(&mut self, change: &GuardChange) {
        if let Some(row) = change.claimed_in().and_then(|campaign| self.campaigns.get_mut(&campaign.0)) {
            row.claimed = true;
        }
        match change {
            GuardChange::Campaign { campaign_id, max_reward_count, per_member_limit, name_key, other_periods: _ } => {
                let campaign_id = campaign_id.0;
                let known = self.campaigns.get(&campaign_id);
                let (committed, claimed) = known.map_or((0, false), |row| (row.committed, row.claimed));
                let (max_reward_count, per_member_limit) = (*max_reward_count, *per_member_limit);
                let row = BudgetRow { campaign_id, max_reward_count, per_member_limit, committed, claimed };
                self.campaigns.insert(campaign_id, row);
                self.names.insert(campaign_id, name_key.clone());
            }
            GuardChange::Reward { reward_id, campaign_id, quantity, per_member_limit } => {
                let row = StockRow {
                    reward_id: reward_id.0,
                    campaign_id: campaign_id.0,
                    quantity: *quantity,
                    held: 0,
                    granted: 0,
                    per_member_limit: *per_member_limit,
                };
                self.rewards.insert(reward_id.0, row);
            }
            GuardChange::Quantity { reward_id, quantity } => {
                if let Some(row) = self.rewards.get_mut(&reward_id.0) {
                    row.quantity = Some(*quantity);
                }
            }
            GuardChange::Grants(change) => {
                if let Some(row) = self.rewards.get_mut(&change.reward_id.0) {
                    row.held += change.held;
                    row.granted += change.granted;
                }
                if let Some(row) = self.campaigns.get_mut(&change.campaign_id.0) {
                    row.committed += change.committed();
                }
                let key = (change.member_id.0, change.campaign_id.0, change.reward_id.0);
                *self.members.entry(key).or_default() += change.committed();
            }
            GuardChange::Claimed { .. } => {}
        }
    }

    async fn differences(self, connection: &mut PgConnection) -> Result<Vec<Difference>, CompareError> {
        let mut found = Vec::new();
        let rows: Vec<StockRow> = sqlx::query_as("select * from reward_stock").fetch_all(&mut *connection).await?;
        let stored = rows.into_iter().map(|row| (row.reward_id, row)).collect();
        differences("reward_stock", &self.rewards, &stored, &mut found);
        let rows: Vec<BudgetRow> = sqlx::query_as("select * from campaign_budget").fetch_all(&mut *connection).await?;
        let stored = rows.into_iter().map(|row| (row.campaign_id, row)).collect();
        differences("campaign_budget", &self.campaigns, &stored, &mut found);
        let sql = "select member_id, campaign_id, reward_id, committed from member_grants";
        let rows: Vec<(Uuid, Uuid, Uuid, i64)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
        let stored = rows.into_iter().map(|(a, b, c, committed)| ((a, b, c), committed)).collect();
        differences("member_grants", &self.members, &stored, &mut found);
        let sql = "select owner, name_key from unique_names where kind = 'campaign'";
        let rows: Vec<(Uuid, String)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
        differences("unique_names", &self.names, &rows.into_iter().collect(), &mut found);
        Ok(found)
    }
}

fn differences<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    table: &str,
    derived: &BTreeMap<K, V>,
    stored: &BTreeMap<K, V>,
    found: &mut Vec<Difference>,
) {
    let keys: std::collections::BTreeSet<&K> = derived.keys().chain(stored.keys()).collect();
    for key in keys {
        let (log, row) = (derived.get(key), stored.get(key));
        if log != row {
            found.push(format!("{table} {key:?}: the log says {log:?}, the table {row:?}"));
        }
    }
}
