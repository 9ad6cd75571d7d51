//! Publishing again from an earlier position. The relay's checkpoint is set back under a new epoch of its lease, so
//! that the active relay can save nothing more and starts again from there.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};

use super::NAME;
use crate::engine::checkpoint::set_back_leased;
use crate::engine::lease;

/// The state of the relay.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RelayStatus {
    /// The last position that it has published.
    pub position: i64,
    /// The event that it stopped before.
    pub trouble: Option<String>,
}

/// Makes the relay publish again from a position on, and retry the event that it stopped before. A relay that has not
/// reached that position yet stays where it is. The relay of a running service follows within a second.
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

/// Reads the state of the relay from the database.
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
