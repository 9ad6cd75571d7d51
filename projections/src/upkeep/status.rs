//! The status of every follower as the database has it, for readers outside the process that runs the follower.

mod parked;
mod workers;

use serde::Serialize;
use sqlx::postgres::PgConnection;

use crate::registry;

/// Counts the whole lag.
const ALL_EVENTS: i64 = 1 << 50;

pub use parked::{ParkedStream, parked};
pub use workers::{PartitionStatus, WorkerStatus, workers};

/// The status of one follower.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The follower.
    pub name: String,
    /// The version of its logic; 0 when it has never run.
    pub version: i32,
    /// The last position that it has processed.
    pub position: i64,
    /// Its lag: how many events of its streams are not processed yet.
    pub lag_events: i64,
    /// The age of the earliest of them, in seconds.
    pub lag_seconds: f64,
    /// `following`, `parked` (some streams are parked), `stopped` (waiting for an operator), `rebuilding`, `off`
    /// (disabled by the configuration).
    pub state: &'static str,
    /// The event that it stopped before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// How many streams are parked.
    #[serde(skip_serializing_if = "is_zero")]
    pub parked_streams: i64,
    /// The status of each partition, if workers feed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<PartitionStatus>,
}

/// The event that a follower stopped before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The position of the event.
    pub position: i64,
    /// Why it cannot be processed.
    pub reason: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[derive(sqlx::FromRow)]
struct Row {
    version: i32,
    position: i64,
    lag_events: i64,
    beyond: i64,
    lag_seconds: f64,
    state: String,
    trouble_position: Option<i64>,
    trouble: Option<String>,
    parked_streams: i64,
    rebuilding: bool,
}

/// The status of every projection, in the order of the registry.
///
/// # Errors
/// The database's.
pub async fn projections(conn: &mut PgConnection) -> sqlx::Result<Vec<Status>> {
    projections_within(conn, ALL_EVENTS).await
}

/// The same within bounded time: beyond this many events, every event counts, whether it concerns the projection or
/// not.
///
/// # Errors
/// The database's.
pub async fn projections_within(conn: &mut PgConnection, events: i64) -> sqlx::Result<Vec<Status>> {
    let mut all = Vec::new();
    for known in &registry::DESCRIPTORS {
        all.push(of(conn, known.name, known.streams, events).await?);
    }
    Ok(all)
}

/// The status of the followers that are not projections.
///
/// # Errors
/// The database's.
pub async fn other_followers(conn: &mut PgConnection) -> sqlx::Result<Vec<Status>> {
    other_followers_within(conn, ALL_EVENTS).await
}

/// The same within bounded time.
///
/// # Errors
/// The database's.
pub async fn other_followers_within(conn: &mut PgConnection, events: i64) -> sqlx::Result<Vec<Status>> {
    let names: Vec<String> = sqlx::query_scalar("select name from checkpoints where name <> all($1) order by name")
        .bind(&registry::ALL[..])
        .fetch_all(&mut *conn)
        .await?;
    let mut all = Vec::new();
    for name in names {
        all.push(of(conn, &name, &[], events).await?);
    }
    Ok(all)
}

async fn of(conn: &mut PgConnection, name: &str, streams: &[&str], within: i64) -> sqlx::Result<Status> {
    let row: Option<Row> = sqlx::query_as(
        "select version,
                case when coming.events = 0 and log_head.position <= checkpoints.position + $3 then log_head.position
                     else checkpoints.position end as position,
                coming.events as lag_events,
                greatest(log_head.position - checkpoints.position - $3, 0) as beyond,
                coalesce(extract(epoch from now() - coming.since), 0)::float8 as lag_seconds,
                state, trouble_position, trouble,
                (select count(*) from parked_streams where follower = $1) as parked_streams,
                exists (select from rebuilds where rebuilds.name = $1)
                and not pg_try_advisory_xact_lock_shared(
                    hashtextextended('reward-ledger rebuild ' || current_schema() || ' ' || $1, 0)) as rebuilding
        from checkpoints
        cross join log_head
        cross join lateral (
            select count(*) as events, min(recorded_at) as since
            from events
            where events.position > checkpoints.position
              and events.position <= checkpoints.position + $3
              and (cardinality($2::text[]) = 0 or aggregate_type = any($2))
        ) as coming
        where checkpoints.name = $1",
    )
    .bind(name)
    .bind(streams)
    .bind(within)
    .persistent(false)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(never_run(name)) };
    let mut status = Status {
        name: name.to_owned(),
        version: row.version,
        position: row.position,
        lag_events: row.lag_events + row.beyond,
        lag_seconds: row.lag_seconds.max(0.0),
        state: match (row.rebuilding, row.state.as_str(), row.parked_streams) {
            (true, _, _) => "rebuilding",
            (false, "stopped", _) => "stopped",
            (false, _, 0) => "following",
            (false, _, _) => "parked",
        },
        trouble: row.trouble_position.zip(row.trouble).map(|(position, reason)| Trouble { position, reason }),
        parked_streams: row.parked_streams,
        partitions: vec![],
    };
    workers::look(conn, &mut status, streams, within).await?;
    Ok(status)
}

/// The status of such a follower that the configuration disables.
pub fn switch_off(followers: &mut Vec<Status>, name: &str) {
    match followers.iter_mut().find(|follower| follower.name == name) {
        Some(follower) => follower.state = "off",
        None => followers.push(Status { state: "off", ..never_run(name) }),
    }
}

/// The status of a follower that has never run.
#[must_use]
pub fn never_run(name: &str) -> Status {
    Status {
        name: name.to_owned(),
        version: 0,
        position: 0,
        lag_events: 0,
        lag_seconds: 0.0,
        state: "following",
        trouble: None,
        parked_streams: 0,
        partitions: vec![],
    }
}
