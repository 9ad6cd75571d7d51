//! Compares the rows of a projection with a new fold of the log. The projection folds the log into temporary tables of
//! the same names, which hide the real ones in this session. Both are then compared line by line as of the checkpoint,
//! in one snapshot, and everything is rolled back.

use futures::future::BoxFuture;
use sqlx::{Connection, PgConnection};

use super::pages::{self, PAGE_POSITIONS};
use super::{Check, ProgressFn};
use crate::audit::AuditError;
use crate::engine::error::FoldError;
use crate::engine::partition_progress::{self, PartitionProgress as Folded};
use crate::engine::projection::Projection;
use crate::log::{self, Entry};
use crate::registry::{self, Visitor};

/// How many characters of a line are reported.
const TOLD_CHARS: usize = 400;

pub(super) async fn check(conn: &mut PgConnection, name: &str, progress: ProgressFn<'_>) -> Result<Check, AuditError> {
    struct Again<'a, 'b> {
        conn: &'a mut PgConnection,
        progress: ProgressFn<'b>,
        check: Check,
    }
    impl<'a, 'b: 'a> Visitor for Again<'a, 'b> {
        type Answer = BoxFuture<'a, Result<Check, AuditError>>;
        fn visit<P: Projection>(self, projection: P) -> Self::Answer {
            Box::pin(async move { against_fold(self.conn, &projection, self.check, self.progress).await })
        }
    }
    let check = Check::new(format!("projection.{name}"));
    let again = Again { conn, progress, check: check.clone() };
    match registry::visit(name, again) {
        Some(checked) => checked.await,
        None => Ok(check),
    }
}

async fn against_fold<P: Projection>(
    conn: &mut PgConnection,
    projection: &P,
    mut check: Check,
    progress: ProgressFn<'_>,
) -> Result<Check, AuditError> {
    let mut tx = conn.begin_with("begin isolation level repeatable read").await?;
    let schema: String = sqlx::query_scalar("select current_schema()::text").fetch_one(&mut *tx).await?;
    let saved: Option<i64> = sqlx::query_scalar("select position from checkpoints where name = $1")
        .bind(P::NAME)
        .fetch_optional(&mut *tx)
        .await?;
    let head = log::head(&mut tx).await?.position;
    let by_workers = partition_progress::of(&mut tx, P::NAME).await?;
    let through = by_workers.as_ref().map_or(saved.unwrap_or(0), Folded::furthest).min(head);
    let is_folded = |entry: &Entry| by_workers.as_ref().is_none_or(|done| done.has(&entry.subject, entry.position));
    for table in P::TABLES {
        let like = format!("create temporary table {table} (like \"{schema}\".{table} including all) on commit drop");
        sqlx::query(&like).execute(&mut *tx).await?;
    }
    // the temporary tables have no statistics, so that look-ups by key are forced
    sqlx::query("set local enable_seqscan = off").execute(&mut *tx).await?;
    sqlx::query("set local jit = off").execute(&mut *tx).await?;
    match fold(&mut tx, projection, through, &is_folded, &check.name, progress).await {
        Ok(()) => {}
        Err(FoldError::Database(error)) if error.as_database_error().is_none() => return Err(error.into()),
        Err(error) => {
            check.fails(None, format!("the log cannot be replayed: {error}"));
            return Ok(check);
        }
    }
    sqlx::query("set local enable_seqscan = on").execute(&mut *tx).await?;
    for table in P::TABLES {
        compare(&mut tx, &schema, table, &mut check).await?;
    }
    tx.rollback().await?;
    Ok(check)
}

async fn fold<P: Projection>(
    conn: &mut PgConnection,
    projection: &P,
    through: i64,
    is_folded: &(dyn Fn(&Entry) -> bool + Sync),
    name: &str,
    progress: ProgressFn<'_>,
) -> Result<(), FoldError> {
    let mut done = 0;
    while done < through {
        let until = through.min(done + PAGE_POSITIONS);
        let rows = pages::read(conn, done, until, P::STREAMS).await?;
        // another check reports what cannot be read
        let entries = rows.into_iter().flatten().filter(|entry| is_folded(entry));
        let events: Vec<_> = entries.filter_map(|entry| entry.recorded().ok()).collect();
        if !events.is_empty() {
            projection.fold(conn, &events).await?;
        }
        done = until;
        progress(name, done);
    }
    Ok(())
}

async fn compare(conn: &mut PgConnection, schema: &str, table: &str, check: &mut Check) -> Result<(), AuditError> {
    let (ours, theirs) = (format!("pg_temp.{table}"), format!("\"{schema}\".{table}"));
    sqlx::query(&format!("analyze {ours}")).execute(&mut *conn).await?;
    let rows: i64 = sqlx::query_scalar(&format!("select count(*) from {theirs}")).fetch_one(&mut *conn).await?;
    check.checked += rows;
    let log_says = only_in(conn, &ours, &theirs).await?;
    let table_says = only_in(conn, &theirs, &ours).await?;
    match (log_says, table_says) {
        (None, None) => {}
        (Some(log), None) => check.fails(None, format!("{table} lacks the row {log}")),
        (None, Some(row)) => check.fails(None, format!("{table} has a row that the log does not produce: {row}")),
        (Some(log), Some(row)) => check.fails(None, format!("{table}: the log produces {log}, the table has {row}")),
    }
    Ok(())
}

/// The first line, in text order, that the first table has more often than the second.
async fn only_in(conn: &mut PgConnection, table: &str, other: &str) -> Result<Option<String>, AuditError> {
    let line: Option<String> = sqlx::query_scalar(&format!(
        "select min(line collate \"C\")
        from (select row_of::text as line from {table} as row_of
              except all
              select row_of::text as line from {other} as row_of) as only_here"
    ))
    .fetch_one(conn)
    .await?;
    Ok(line.map(|line| line.chars().take(TOLD_CHARS).collect()))
}
