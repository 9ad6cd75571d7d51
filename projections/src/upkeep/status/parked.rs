//! The streams that a follower leaves aside, for whoever looks from outside.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;

/// A stream that a follower leaves aside.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ParkedStream {
    /// Its type …
    pub stream_type: String,
    /// … and id.
    pub stream_id: String,
    /// The event that could not be taken in.
    pub position: i64,
    /// What is wrong with it.
    pub reason: String,
    /// Since when.
    pub parked_at: DateTime<Utc>,
}

/// The streams that a follower leaves aside, in the order of the log, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn parked(conn: &mut PgConnection, follower: &str, limit: i64) -> sqlx::Result<Vec<ParkedStream>> {
    sqlx::query_as(
        "select stream_type, stream_id, position, reason, parked_at
        from parked_streams
        where follower = $1
        order by position
        limit $2",
    )
    .bind(follower)
    .bind(limit)
    .fetch_all(conn)
    .await
}
