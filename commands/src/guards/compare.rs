//! The check of the guard tables: derives every row from the log and compares it with the stored one, in one snapshot.
//! Grants by member, of which there may be as many as claims, are summed up in a temporary table, which the closing
//! rollback removes. An event that cannot be decoded is skipped here; the verification of the log reports it.

use std::collections::BTreeMap;

use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use super::names::Names;
use super::{GuardChange, changes_of};
use crate::log::named_parameters::NamedStatement;

static ADD_TO_DERIVED_GRANTS: NamedStatement = NamedStatement::new(
    "insert into pg_temp.derived_grants as grants (member_id, campaign_id, reward_id, committed)
    select member_id, campaign_id, reward_id, committed from {added}
    on conflict (member_id, campaign_id, reward_id) do update
    set committed = grants.committed + excluded.committed",
);

/// How many events one page of the fold reads.
const PAGE_EVENTS: i64 = 5_000;

type CompareError = Box<dyn std::error::Error + Send + Sync>;

/// At this many grants in memory they are added to the temporary table.
const HELD_GRANTS: usize = 20_000;

/// The guard tables.
pub const TABLES: [&str; 4] = ["reward_stock", "campaign_budget", "member_grants", "unique_names"];

/// One difference between a guard table and the log.
pub type Difference = String;

/// The result for one guard table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Which: one of [`TABLES`].
    pub table: &'static str,
    /// How many rows it has.
    pub rows: i64,
    /// The first difference from the log.
    pub difference: Option<Difference>,
}

/// Derives every guard row from the log and compares it with the tables: the first difference of each.
///
/// # Errors
/// The database is out of reach.
pub async fn compare_with_log(connection: &mut PgConnection) -> Result<Vec<Difference>, CompareError> {
    let compared = compare_tables(connection, |_| {}).await?;
    Ok(compared.into_iter().filter_map(|table| table.difference).collect())
}

/// Derives every guard row from the log and compares it with its table, in the order of [`TABLES`].
/// `progress` is told how many positions are read.
///
/// # Errors
/// The database is out of reach.
pub async fn compare_tables(
    connection: &mut PgConnection,
    progress: impl FnMut(i64) + Send,
) -> Result<Vec<Compared>, CompareError> {
    sqlx::query("begin isolation level repeatable read").execute(&mut *connection).await?;
    let compared = compare(connection, progress).await;
    sqlx::query("rollback").execute(&mut *connection).await?;
    compared
}

async fn compare(
    connection: &mut PgConnection,
    mut progress: impl FnMut(i64) + Send,
) -> Result<Vec<Compared>, CompareError> {
    let sql = "create temporary table derived_grants (
                   member_id uuid, campaign_id uuid, reward_id uuid, committed bigint not null,
                   primary key (member_id, campaign_id, reward_id)
               ) on commit drop";
    sqlx::query(sql).execute(&mut *connection).await?;
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
            let decoded = domain::Event::decode(
                row.try_get("event_type")?,
                row.try_get("event_version")?,
                row.try_get("payload")?,
            );
            let Ok(event) = decoded else { continue };
            if let Some(change) = changes_of(&event, row.try_get("aggregate_id")?) {
                derived.apply(&change);
            }
        }
        if derived.members.len() > HELD_GRANTS {
            derived.put_grants_aside(connection).await?;
        }
        progress(after);
    }
    derived.put_grants_aside(connection).await?;
    derived.compared(connection).await
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
    names: Names,
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
                self.names.take(campaign_id, name_key);
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

    async fn put_grants_aside(&mut self, connection: &mut PgConnection) -> Result<(), CompareError> {
        let committed = std::mem::take(&mut self.members);
        let add = ADD_TO_DERIVED_GRANTS
            .bind()
            .rows("added", committed.iter())
            .column("member_id", |((member, _, _), _)| *member)
            .column("campaign_id", |((_, campaign, _), _)| *campaign)
            .column("reward_id", |((_, _, reward), _)| *reward)
            .column("committed", |(_, committed)| *committed)
            .end();
        add.query()?.persistent(false).execute(connection).await?;
        Ok(())
    }

    async fn compared(self, connection: &mut PgConnection) -> Result<Vec<Compared>, CompareError> {
        let rows: Vec<StockRow> = sqlx::query_as("select * from reward_stock").fetch_all(&mut *connection).await?;
        let stored = rows.into_iter().map(|row| (row.reward_id, row)).collect();
        let stock = compared("reward_stock", &self.rewards, &stored);
        let rows: Vec<BudgetRow> = sqlx::query_as("select * from campaign_budget").fetch_all(&mut *connection).await?;
        let stored = rows.into_iter().map(|row| (row.campaign_id, row)).collect();
        let budget = compared("campaign_budget", &self.campaigns, &stored);
        let grants = compared_grants(connection).await?;
        let sql = "select owner, name_key from unique_names where kind = 'campaign'";
        let rows: Vec<(Uuid, String)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
        let names = compared("unique_names", self.names.keys(), &rows.into_iter().collect());
        Ok(vec![stock, budget, grants, names])
    }
}

async fn compared_grants(connection: &mut PgConnection) -> Result<Compared, CompareError> {
    const TABLE: &str = "member_grants";
    let rows = sqlx::query_scalar("select count(*) from member_grants").fetch_one(&mut *connection).await?;
    let sql = "select concat_ws(' ', member_id, campaign_id, reward_id), log.committed, stored.committed
               from pg_temp.derived_grants as log
               full join member_grants as stored using (member_id, campaign_id, reward_id)
               where log.committed is distinct from stored.committed
               order by member_id, campaign_id, reward_id
               limit 1";
    let found: Option<(String, Option<i64>, Option<i64>)> =
        sqlx::query_as(sql).persistent(false).fetch_optional(connection).await?;
    let difference = found.map(|(key, log, row)| difference(TABLE, &key, &log, &row));
    Ok(Compared { table: TABLE, rows, difference })
}

fn compared<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    table: &'static str,
    derived: &BTreeMap<K, V>,
    stored: &BTreeMap<K, V>,
) -> Compared {
    let keys: std::collections::BTreeSet<&K> = derived.keys().chain(stored.keys()).collect();
    let differing = keys.into_iter().map(|key| (key, derived.get(key), stored.get(key)));
    let first = differing.into_iter().find(|(_, log, row)| log != row);
    let difference = first.map(|(key, log, row)| difference(table, key, &log, &row));
    Compared { table, rows: i64::try_from(stored.len()).unwrap_or(i64::MAX), difference }
}

fn difference(
    table: &str,
    key: &dyn std::fmt::Debug,
    log: &dyn std::fmt::Debug,
    row: &dyn std::fmt::Debug,
) -> Difference {
    format!("{table} {key:?}: the log says {log:?}, the table {row:?}")
}
