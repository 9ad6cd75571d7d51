//! Where the log ends, and which position it had reached at a moment.

use chrono::{DateTime, Utc};
use domain::Moment;
use domain::chain::Hash;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{FromRow, Row as _};

use super::entry::{hash, moment};

/// Where the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 before the first event.
    pub position: i64,
    /// Which life of the log this is.
    pub epoch: i64,
    /// The hash of the last event.
    pub hash: Hash,
    /// When the last event was recorded.
    pub recorded_at: Moment,
}

/// Where the log ends now.
///
/// # Errors
/// The database's.
pub async fn head(conn: &mut PgConnection) -> sqlx::Result<Head> {
    sqlx::query_as("select position, epoch, hash, recorded_at from log_head").fetch_one(conn).await
}

/// The position of the last event; 0 before the first. For whoever asks all the time: `log_head` has a version for each
/// append, and an old snapshot keeps all of them.
///
/// # Errors
/// The database's.
pub(crate) async fn last_position(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("select coalesce((select position from events order by position desc limit 1), 0)")
        .fetch_one(conn)
        .await
}

/// When the event at a position was recorded; `None` where there is none.
///
/// # Errors
/// The database's.
pub async fn recorded_at(conn: &mut PgConnection, position: i64) -> sqlx::Result<Option<Moment>> {
    let recorded_at: Option<DateTime<Utc>> = sqlx::query_scalar("select recorded_at from events where position = $1")
        .bind(position)
        .fetch_optional(conn)
        .await?;
    Ok(recorded_at.map(Moment::from))
}

/// The last position that was recorded at a moment or before it; 0 when there is none.
///
/// # Errors
/// The database's.
pub async fn position_at(conn: &mut PgConnection, moment: Moment) -> sqlx::Result<i64> {
    sqlx::query_scalar("select first_position_since($1::timestamptz + interval '1 millisecond') - 1")
        .bind(moment.utc())
        .fetch_one(conn)
        .await
}

impl FromRow<'_, PgRow> for Head {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            position: row.try_get(0)?,
            epoch: row.try_get(1)?,
            hash: hash(row, 2)?,
            recorded_at: moment(row, 3)?,
        })
    }
}
