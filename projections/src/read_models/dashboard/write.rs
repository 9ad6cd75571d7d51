//! Rows that are only ever added: facts by the moment at which they happened, and memberships.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;

use crate::engine::error::FoldError;

/// A fact (1), or the withdrawal of one (-1).
pub(super) struct FactRow {
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) position: i64,
    pub(super) member: u32,
    pub(super) change: i16,
}

/// Somebody began (1) or ceased (-1) to count as a member.
pub(super) struct Membership {
    pub(super) position: i64,
    pub(super) member: u32,
    pub(super) registered_at: DateTime<Utc>,
    pub(super) change: i16,
    /// Not the registration itself.
    pub(super) corrects: bool,
}

/// An ordinal as the tables have it.
fn stored(member: u32) -> i32 {
    i32::try_from(member).unwrap_or(i32::MAX)
}

pub(super) async fn write_facts(tx: &mut PgConnection, rows: &[FactRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_facts (occurred_at, position, member, change)
        select * from unnest($1::timestamptz[], $2::bigint[], $3::integer[], $4::smallint[])",
    )
    .bind(rows.iter().map(|row| row.occurred_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| stored(row.member)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.change).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn write_memberships(tx: &mut PgConnection, rows: &[Membership]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_memberships (position, member, registered_at, change, corrects)
        select * from unnest($1::bigint[], $2::integer[], $3::timestamptz[], $4::smallint[], $5::boolean[])",
    )
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| stored(row.member)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.registered_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.change).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.corrects).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
