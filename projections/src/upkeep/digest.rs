//! Digests of a projection, by which two folds are compared: its rows in an order and a text form that depend on
//! nothing else (not on insertion order, time zone, locale or collation), hashed as a stream. It does not know what the
//! rows mean.

use std::fmt::Write as _;

use futures::TryStreamExt;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Postgres, Transaction};

use crate::engine::partition_progress::{self, PartitionProgress};
use crate::engine::projection::Descriptor;
use crate::log::{self, Entry};
use crate::registry;
use crate::upkeep::error::{DigestError, WorkersApart};

/// Columns that were added later. Nulls in them are left out, so that the digest of an older log does not change.
const LATER_COLUMNS: [(&str, &[&str]); 4] = [
    ("members", &["first_id", "former_ids"]),
    ("campaigns", &["budgets"]),
    ("rewards", &["value"]),
    ("claims", &["credit", "paid"]),
];

/// Tables that were added later to a projection. While they are empty they are left out, for the same reason.
const LATER_TABLES: [&str; 1] = ["value_budgeted"];

/// The digest of a projection at one position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    /// The projection.
    pub name: &'static str,
    /// The version of the logic that folded its rows.
    pub version: i32,
    /// The position up to which they are folded.
    pub position: i64,
    /// SHA-256 over all tables, in hexadecimal.
    pub digest: String,
    /// The digest of each table.
    pub tables: Vec<TableDigest>,
}

/// The digest of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableDigest {
    /// The table.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: i64,
    /// The sum of each column of whole numbers, by name: the control totals.
    pub totals: Vec<(String, String)>,
    /// SHA-256 of the rows, in hexadecimal.
    pub digest: String,
}

/// Computes the digest in one snapshot. The same rows have the same digest, however they were folded.
///
/// # Errors
/// See [`DigestError`].
pub async fn digest(conn: &mut PgConnection, name: &str) -> Result<Digest, DigestError> {
    let known = registry::find(name).ok_or_else(|| DigestError::Unknown(name.to_owned()))?;
    let Descriptor { name, tables, streams, .. } = *known;
    let mut snapshot = begin_snapshot(conn, tables).await?;
    let read = read(&mut snapshot, name, tables, streams).await;
    snapshot.rollback().await?;
    read
}

async fn read(
    conn: &mut PgConnection,
    name: &'static str,
    tables: &'static [&'static str],
    streams: &[&str],
) -> Result<Digest, DigestError> {
    let Folded { version, position, beyond } = folded_up_to(conn, name, streams).await?;
    if !beyond.is_empty() {
        return Err(WorkersApart(position).into());
    }
    let tables = tables_of(conn, tables, "").await?;
    Ok(Digest { name, version, position, digest: overall(&tables), tables })
}

/// Begins a transaction that reads one snapshot. The tables are locked before the snapshot is taken, so that a rebuild
/// cannot swap them in between.
pub(crate) async fn begin_snapshot<'a>(
    conn: &'a mut PgConnection,
    tables: &[&str],
) -> sqlx::Result<Transaction<'a, Postgres>> {
    let mut snapshot = conn.begin_with("begin isolation level repeatable read read only").await?;
    let lock = format!("lock table {} in access share mode", tables.join(", "));
    sqlx::query(&lock).persistent(false).execute(&mut *snapshot).await?;
    Ok(snapshot)
}

/// How far the rows of a projection are folded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folded {
    /// The version of the logic that folded them.
    pub(crate) version: i32,
    /// The position up to which everything is folded; beyond the checkpoint if no event of interest follows it.
    pub(crate) position: i64,
    /// What is folded beyond that position: workers may be ahead of one another.
    pub(crate) beyond: Vec<Entry>,
}

/// How far the rows of a projection are folded, in the snapshot of the caller.
pub(crate) async fn folded_up_to(conn: &mut PgConnection, name: &str, streams: &[&str]) -> sqlx::Result<Folded> {
    if let Some(progress) = partition_progress::of(conn, name).await? {
        return folded_by_workers(conn, name, streams, &progress).await;
    }
    let known: Option<(i32, i64)> = sqlx::query_as(
        "select version,
                coalesce(
                    (select min(position) - 1
                     from events
                     where events.position > checkpoints.position
                       and (cardinality($2::text[]) = 0 or aggregate_type = any($2))),
                    (select position from log_head))
        from checkpoints
        where name = $1",
    )
    .bind(name)
    .bind(streams)
    .persistent(false)
    .fetch_optional(conn)
    .await?;
    let (version, position) = known.unwrap_or((0, 0));
    Ok(Folded { version, position, beyond: vec![] })
}

async fn folded_by_workers(
    conn: &mut PgConnection,
    name: &str,
    streams: &[&str],
    progress: &PartitionProgress,
) -> sqlx::Result<Folded> {
    let (version, noted): (i32, i64) = sqlx::query_as("select version, position from checkpoints where name = $1")
        .bind(name)
        .fetch_one(&mut *conn)
        .await?;
    let head = log::head(conn).await?.position;
    let mut entries = log::read_between(conn, noted, head, streams).await?;
    let position = progress.folded_through_entries(&entries, head);
    entries.retain(|entry| entry.position > position && progress.has(&entry.subject, entry.position));
    Ok(Folded { version, position, beyond: entries })
}

/// The digests of tables whose names end in a suffix, in the transaction of the caller.
pub(crate) async fn tables_of(
    conn: &mut PgConnection,
    tables: &'static [&'static str],
    suffix: &str,
) -> sqlx::Result<Vec<TableDigest>> {
    // the text form of a value must not depend on settings of the server or session
    sqlx::query("set local timezone = 'UTC'").execute(&mut *conn).await?;
    sqlx::query("set local datestyle = 'ISO, YMD'").execute(&mut *conn).await?;
    sqlx::query("set local intervalstyle = 'iso_8601'").execute(&mut *conn).await?;
    sqlx::query("set local bytea_output = 'hex'").execute(&mut *conn).await?;
    sqlx::query("set local extra_float_digits = 1").execute(&mut *conn).await?;
    let mut digests = Vec::with_capacity(tables.len());
    for table in tables {
        digests.push(table_digest(conn, table, suffix).await?);
    }
    Ok(digests)
}

pub(crate) fn overall(tables: &[TableDigest]) -> String {
    let mut hash = Sha256::new();
    for table in tables.iter().filter(|table| table.rows > 0 || !LATER_TABLES.contains(&table.table)) {
        hash.update(table.table.as_bytes());
        hash.update([0]);
        hash.update(table.digest.as_bytes());
    }
    hex::encode(hash.finalize())
}

async fn table_digest(conn: &mut PgConnection, table: &'static str, suffix: &str) -> sqlx::Result<TableDigest> {
    let columns: Vec<String> = sqlx::query_scalar(
        "select column_name::text
        from information_schema.columns
        where table_schema = current_schema()
          and table_name = $1
          and data_type in ('smallint', 'integer', 'bigint', 'numeric')
        order by column_name collate \"C\"",
    )
    .bind(format!("{table}{suffix}"))
    .fetch_all(&mut *conn)
    .await?;
    let mut sums = String::from("count(*)::text");
    for column in &columns {
        let _ = write!(sums, ", coalesce(sum(\"{column}\")::text, '0')");
    }
    let mut counted: Vec<String> = sqlx::query_scalar(&format!("select array[{sums}] from {table}{suffix}"))
        .persistent(false)
        .fetch_one(&mut *conn)
        .await?;
    let totals = columns.into_iter().zip(counted.split_off(1)).collect();
    let rows = counted.first().and_then(|count| count.parse().ok()).unwrap_or_default();
    let mut hash = Sha256::new();
    // jsonb orders keys by itself, so that the order of the columns does not matter
    let line = row_as_text(table);
    let lines = format!(
        "select line
        from (select ({line})::text as line from {table}{suffix} as one) as lines
        order by line collate \"C\""
    );
    let query = sqlx::query_scalar::<_, String>(&lines).persistent(false);
    let mut lines = query.fetch(conn);
    while let Some(line) = lines.try_next().await? {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    Ok(TableDigest { table, rows, totals, digest: hex::encode(hash.finalize()) })
}

/// The text form of a row.
fn row_as_text(table: &str) -> String {
    let later = LATER_COLUMNS.iter().filter(|(of, _)| *of == table).flat_map(|(_, columns)| columns.iter());
    later.fold("to_jsonb(one)".to_owned(), |line, column| {
        format!("{line} - (case when one.\"{column}\" is null then '{column}' else '' end)::text")
    })
}
