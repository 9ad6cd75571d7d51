//! The check of the guard tables: derives every row from the log and compares it with the stored one, in one snapshot. What
//! limits claims is in `compare/limits`, what members hold of units in `compare/wallets`, what is limited by the day in
//! `compare/acts`, what counts against budgets in `compare/spent`, coupons in `compare/coupons`. Rows of which there may be as many
//! as claims are summed up in temporary tables, which the closing rollback removes. An event that cannot be decoded is skipped
//! here; the verification of the log reports it. A log that was restored gets its guard rows from the same derivation (`fill`).

mod acts;
mod coupons;
mod limits;
mod spent;
mod wallets;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use sqlx::{PgConnection, Row};

use super::changes_of;
use super::value::{coupon_use_of, value_changes_of};
use acts::Acts;
use coupons::Coupons;
use limits::Limits;
use spent::Spent;
use wallets::Wallets;

/// How many events one page of the fold reads.
const PAGE_EVENTS: i64 = 5_000;
/// At this many rows in memory they are added to a temporary table.
const HELD_ROWS: usize = 20_000;

type CompareError = Box<dyn std::error::Error + Send + Sync>;

/// The guard tables.
pub const TABLES: [&str; 11] = [
    limits::STOCK,
    limits::BUDGET,
    limits::GRANTS,
    limits::NAMES,
    wallets::LOTS,
    wallets::HOLDS,
    wallets::DEBTS,
    acts::ACTS,
    spent::SPENT,
    coupons::GRANTS,
    coupons::USES,
];

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

/// Derives every guard row from the log and writes it into its table, which is empty, within the transaction of whoever
/// asks.
///
/// # Errors
/// The database is out of reach, or a row breaks a rule of its table.
pub async fn fill(connection: &mut PgConnection, progress: impl FnMut(i64) + Send) -> Result<(), CompareError> {
    let Derived { limits, spent } = derive(connection, progress).await?;
    limits.fill(connection).await?;
    spent.fill(connection).await?;
    for statement in [wallets::FILL.as_slice(), &[acts::FILL], &coupons::FILL].concat() {
        sqlx::query(statement).persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The guard rows as the log has them; those that are not here are in temporary tables.
struct Derived {
    limits: Limits,
    spent: Spent,
}

async fn compare(
    connection: &mut PgConnection,
    progress: impl FnMut(i64) + Send,
) -> Result<Vec<Compared>, CompareError> {
    let Derived { limits, spent } = derive(connection, progress).await?;
    let mut compared = limits.compared(connection).await?;
    compared.extend(wallets::compared(connection).await?);
    compared.push(acts::compared(connection).await?);
    compared.push(spent.compared(connection).await?);
    compared.extend(coupons::compared(connection).await?);
    Ok(compared)
}

async fn derive(connection: &mut PgConnection, mut progress: impl FnMut(i64) + Send) -> Result<Derived, CompareError> {
    let (mut limits, mut wallets) = (Limits::begin(connection).await?, Wallets::begin(connection).await?);
    let mut acts = Acts::begin(connection).await?;
    let mut spent = Spent::default();
    let mut coupons = Coupons::begin(connection).await?;
    let mut after = 0_i64;
    loop {
        let sql = "select position, aggregate_id, event_type, event_version, payload::text as payload
                   from events
                   where position > $1
                     and aggregate_type in ('campaign', 'claim', 'spend', 'wallet', 'adjustment', 'transfer', 'coupon', 'codes')
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
                limits.apply(&change);
            }
            let of_use = coupon_use_of(&event, row.try_get("aggregate_id")?);
            for change in value_changes_of(&event, row.try_get("position")?).into_iter().chain(of_use) {
                acts.apply(&change);
                spent.apply(&change);
                coupons.apply(&change);
                wallets.apply(change);
            }
        }
        limits.put_aside(connection, HELD_ROWS).await?;
        wallets.put_aside(connection, HELD_ROWS).await?;
        acts.put_aside(connection, HELD_ROWS).await?;
        coupons.put_aside(connection, HELD_ROWS).await?;
        progress(after);
    }
    limits.put_aside(connection, 0).await?;
    wallets.put_aside(connection, 0).await?;
    acts.put_aside(connection, 0).await?;
    coupons.put_aside(connection, 0).await?;
    Ok(Derived { limits, spent })
}

fn compared<K: Ord + Debug, V: PartialEq + Debug>(
    table: &'static str,
    derived: &BTreeMap<K, V>,
    stored: &BTreeMap<K, V>,
) -> Compared {
    let keys: BTreeSet<&K> = derived.keys().chain(stored.keys()).collect();
    let differing = keys.into_iter().map(|key| (key, derived.get(key), stored.get(key)));
    let first = differing.into_iter().find(|(_, log, row)| log != row);
    let difference = first.map(|(key, log, row)| difference(table, key, &log, &row));
    Compared { table, rows: i64::try_from(stored.len()).unwrap_or(i64::MAX), difference }
}

fn difference(table: &str, key: &dyn Debug, log: &dyn Debug, row: &dyn Debug) -> Difference {
    format!("{table} {key:?}: the log says {log:?}, the table {row:?}")
}
