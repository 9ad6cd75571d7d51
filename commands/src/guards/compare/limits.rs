//! What limits claims, as the log has it: stock, budgets, grants by member and names of campaigns.

use std::collections::BTreeMap;

use domain::identity::KEY_VERSION;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{CompareError, Compared, compared, difference};
use crate::guards::GuardChange;
use crate::guards::names::Names;
use crate::log::named_parameters::NamedStatement;

pub(super) const STOCK: &str = "reward_stock";
pub(super) const BUDGET: &str = "campaign_budget";
pub(super) const GRANTS: &str = "member_grants";
pub(super) const NAMES: &str = "unique_names";

static ADD_TO_DERIVED_GRANTS: NamedStatement = NamedStatement::new(
    "insert into pg_temp.derived_grants as grants (member_id, campaign_id, reward_id, committed)
    select member_id, campaign_id, reward_id, committed from {added}
    on conflict (member_id, campaign_id, reward_id) do update
    set committed = grants.committed + excluded.committed",
);

static FILL_STOCK: NamedStatement = NamedStatement::new(
    "insert into reward_stock (reward_id, campaign_id, quantity, held, granted, per_member_limit)
    select reward_id, campaign_id, quantity, held, granted, per_member_limit from {derived}",
);

static FILL_BUDGET: NamedStatement = NamedStatement::new(
    "insert into campaign_budget (campaign_id, max_reward_count, per_member_limit, committed, claimed)
    select campaign_id, max_reward_count, per_member_limit, committed, claimed from {derived}",
);

static FILL_NAMES: NamedStatement = NamedStatement::new(
    "insert into unique_names (kind, name_key, owner, key_version)
    select 'campaign', name_key, owner, {key_version} from {derived}",
);

const FILL_GRANTS: &str = "insert into member_grants (member_id, campaign_id, reward_id, committed)
                           select member_id, campaign_id, reward_id, committed from pg_temp.derived_grants";

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
pub(super) struct Limits {
    rewards: BTreeMap<Uuid, StockRow>,
    campaigns: BTreeMap<Uuid, BudgetRow>,
    members: BTreeMap<(Uuid, Uuid, Uuid), i64>,
    names: Names,
}

impl Limits {
    /// Makes room for what does not fit into memory.
    pub(super) async fn begin(connection: &mut PgConnection) -> Result<Self, CompareError> {
        let sql = "create temporary table derived_grants (
                       member_id uuid, campaign_id uuid, reward_id uuid, committed bigint not null,
                       primary key (member_id, campaign_id, reward_id)
                   ) on commit drop";
        sqlx::query(sql).execute(connection).await?;
        Ok(Self::default())
    }

    pub(super) fn apply(&mut self, change: &GuardChange) {
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
                    let (held, granted) = change.stock();
                    row.held += held;
                    row.granted += granted;
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

    /// Empties what may grow without end, once it has more than `held` rows.
    pub(super) async fn put_aside(&mut self, connection: &mut PgConnection, held: usize) -> Result<(), CompareError> {
        if self.members.len() <= held {
            return Ok(());
        }
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

    /// Writes them into their tables, which are empty.
    pub(super) async fn fill(self, connection: &mut PgConnection) -> Result<(), CompareError> {
        let stock = FILL_STOCK
            .bind()
            .rows("derived", self.rewards.values())
            .column("reward_id", |row| row.reward_id)
            .column("campaign_id", |row| row.campaign_id)
            .column("quantity", |row| row.quantity)
            .column("held", |row| row.held)
            .column("granted", |row| row.granted)
            .column("per_member_limit", |row| row.per_member_limit)
            .end();
        stock.query()?.persistent(false).execute(&mut *connection).await?;
        let budget = FILL_BUDGET
            .bind()
            .rows("derived", self.campaigns.values())
            .column("campaign_id", |row| row.campaign_id)
            .column("max_reward_count", |row| row.max_reward_count)
            .column("per_member_limit", |row| row.per_member_limit)
            .column("committed", |row| row.committed)
            .column("claimed", |row| row.claimed)
            .end();
        budget.query()?.persistent(false).execute(&mut *connection).await?;
        let names = FILL_NAMES.bind().value("key_version", KEY_VERSION).rows("derived", self.names.keys().iter());
        let names = names.column("name_key", |(_, key)| key.as_str()).column("owner", |(owner, _)| *owner).end();
        names.query()?.persistent(false).execute(&mut *connection).await?;
        sqlx::query(FILL_GRANTS).persistent(false).execute(connection).await?;
        Ok(())
    }

    /// Each table beside what the log says.
    pub(super) async fn compared(self, connection: &mut PgConnection) -> Result<Vec<Compared>, CompareError> {
        let rows: Vec<StockRow> = sqlx::query_as("select * from reward_stock").fetch_all(&mut *connection).await?;
        let stored = rows.into_iter().map(|row| (row.reward_id, row)).collect();
        let stock = compared(STOCK, &self.rewards, &stored);
        let rows: Vec<BudgetRow> = sqlx::query_as("select * from campaign_budget").fetch_all(&mut *connection).await?;
        let stored = rows.into_iter().map(|row| (row.campaign_id, row)).collect();
        let budget = compared(BUDGET, &self.campaigns, &stored);
        let grants = compared_grants(connection).await?;
        let sql = "select owner, name_key from unique_names where kind = 'campaign'";
        let rows: Vec<(Uuid, String)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
        let names = compared(NAMES, self.names.keys(), &rows.into_iter().collect());
        Ok(vec![stock, budget, grants, names])
    }
}

async fn compared_grants(connection: &mut PgConnection) -> Result<Compared, CompareError> {
    let rows = sqlx::query_scalar("select count(*) from member_grants").fetch_one(&mut *connection).await?;
    let sql = "select concat_ws(' ', member_id, campaign_id, reward_id), log.committed, stored.committed
               from pg_temp.derived_grants as log
               full join member_grants as stored using (member_id, campaign_id, reward_id)
               where log.committed is distinct from stored.committed
               order by member_id, campaign_id, reward_id
               limit 1";
    let found: Option<(String, Option<i64>, Option<i64>)> =
        sqlx::query_as(sql).persistent(false).fetch_optional(connection).await?;
    let difference = found.map(|(key, log, row)| difference(GRANTS, &key, &log, &row));
    Ok(Compared { table: GRANTS, rows, difference })
}
