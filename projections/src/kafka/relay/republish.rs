//! Publishing again: the relay is set back, under an epoch of its lease that nobody holds, so that whoever was
//! publishing saves nothing more and begins again from there.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};

use super::NAME;
use crate::engine::checkpoint::set_back_leased;
use crate::engine::lease;

/// Where the relay stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RelayStatus {
    /// Up to where it has published.
    pub position: i64,
    /// What it stopped before.
    pub trouble: Option<String>,
}

/// Has the relay publish again from a position on, and try again what it stopped before. Where it has not yet
/// come to that position it stays where it is. The relay of a running service takes this up within a second.
///
/// # Errors
/// The database's.
pub async fn set_back(pool: &PgPool, from: i64) -> sqlx::Result<()> {
    let mut conn = pool.acquire().await?;
    let mut tx = conn.begin().await?;
    let nobodys = lease::take_away(&mut tx, NAME).await?;
    set_back_leased(&mut tx, NAME, from, nobodys).await?;
    tx.commit().await
}

/// Where the relay stands, as the database knows it.
///
/// # Errors
/// The database's.
pub async fn status(conn: &mut PgConnection) -> sqlx::Result<RelayStatus> {
    let status = sqlx::query_as(
        "select position, case state when 'stopped' then trouble end as trouble
        from checkpoints
        where name = $1",
    );
    let status = status.bind(NAME).fetch_optional(conn).await?;
    Ok(status.unwrap_or(RelayStatus { position: 0, trouble: None }))
}
