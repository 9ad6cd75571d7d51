//! The status of a projection that workers feed: of each partition, and from that of the whole.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::engine::partition_progress;
use crate::log::partition::partition_of_subject;

use super::Status;

/// The status of one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionStatus {
    /// The number of the partition.
    pub partition: i32,
    /// The position up to which all its events are folded.
    pub position: i64,
    /// How many of its events the projection has not folded yet.
    pub lag_events: i64,
    /// Whether a worker holds it.
    pub attended: bool,
}

/// Fills in the status of a projection that workers feed; leaves that of any other unchanged.
pub(super) async fn look(
    conn: &mut PgConnection,
    status: &mut Status,
    streams: &[&str],
    within: i64,
) -> sqlx::Result<()> {
    let Some(done) = partition_progress::of(conn, &status.name).await? else { return Ok(()) };
    let rows: Vec<(i32, i64, bool)> = sqlx::query_as(
        "select partition, position, attended_until > clock_timestamp()
        from worker_partitions
        where follower = $1
        order by partition",
    )
    .bind(&status.name)
    .fetch_all(&mut *conn)
    .await?;
    let (noted, head): (i64, i64) = sqlx::query_as(
        "select checkpoints.position, log_head.position from checkpoints cross join log_head where name = $1",
    )
    .bind(&status.name)
    .fetch_one(&mut *conn)
    .await?;
    let beyond = (head - noted - within).max(0);
    let head = head - beyond;
    let coming: Vec<(i64, String, f64)> = sqlx::query_as(
        "select position, subject, extract(epoch from now() - recorded_at)::float8
        from events
        where position > $1
          and position <= $2
          and (cardinality($3::text[]) = 0 or aggregate_type = any($3))
        order by position",
    )
    .bind(noted)
    .bind(head)
    .bind(streams)
    .persistent(false)
    .fetch_all(conn)
    .await?;
    status.position = done.folded_through(coming.iter().map(|(at, subject, _)| (*at, subject.as_str())), head);
    let lacking: Vec<_> = coming.iter().filter(|(at, subject, _)| !done.has(subject, *at)).collect();
    status.lag_events = i64::try_from(lacking.len()).unwrap_or(i64::MAX).saturating_add(beyond);
    status.lag_seconds = lacking.first().map_or(0.0, |(_, _, age)| age.max(0.0));
    status.partitions = rows
        .into_iter()
        .map(|(partition, position, attended)| {
            let lacks = lacking.iter().filter(|(_, subject, _)| partition_of_subject(subject) == partition).count();
            let lag_events = i64::try_from(lacks).unwrap_or(i64::MAX);
            PartitionStatus { partition, position, lag_events, attended }
        })
        .collect();
    Ok(())
}

/// What one worker looks after of one projection.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WorkerStatus {
    /// The worker; another one after each start.
    pub owner: Uuid,
    /// The projection it feeds.
    pub follower: String,
    /// The partitions it owns.
    pub partitions: Vec<i32>,
    /// Until when it looks after them, unless it says so again.
    pub attended_until: DateTime<Utc>,
    /// Whether that is still to come.
    pub attended: bool,
}

/// The workers, by projection, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn workers(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<WorkerStatus>> {
    sqlx::query_as(
        "select owner, follower, array_agg(partition order by partition) as partitions,
                max(attended_until) as attended_until, max(attended_until) > clock_timestamp() as attended
        from worker_partitions
        group by follower, owner
        order by follower, min(partition)
        limit $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await
}
