//! The parked streams of a follower, for status reports.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;

/// A stream that a follower has parked.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ParkedStream {
    /// Its type …
    pub stream_type: String,
    /// … and id.
    pub stream_id: String,
    /// The event that could not be folded.
    pub position: i64,
    /// The error.
    pub reason: String,
    /// Since when.
    pub parked_at: DateTime<Utc>,
}

/// The parked streams of a follower in the order of the log, at most `limit`.
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
