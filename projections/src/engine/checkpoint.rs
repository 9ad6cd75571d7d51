//! Checkpoints: the last position that each follower has processed. Anybody may read them. Writing one takes a value
//! that proves the right to:
//!
//! - [`LockedCheckpoint`]: its row is locked in the transaction that also writes the rows it stands for (projections,
//!   rebuilds, taking a projection back from workers). [`CheckpointMove`] does both with one statement.
//! - [`OwnedCheckpoint`]: the caller took it over last (reactors).
//! - `LeasedCheckpoint`: the same, under an epoch of the follower's lease (the relay).
//! - `ReadThrough`: no event of interest follows its position, and nobody has set it back.
//!
//! A writer that has lost the right changes nothing and gets [`FollowError::Standby`](crate::FollowError::Standby).

mod leased;
mod locked;
mod one_statement;
mod owned;
mod read_through;
pub(crate) mod stopped;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

pub(crate) use self::leased::{LeasedCheckpoint, move_leased, set_back_leased};
pub use self::locked::LockedCheckpoint;
pub use self::one_statement::CheckpointMove;
pub(crate) use self::one_statement::moved;
pub use self::owned::OwnedCheckpoint;
pub(crate) use self::owned::set_back;
pub(crate) use self::read_through::ReadThrough;
use crate::engine::partition_progress::PartitionProgress;

/// The checkpoint of one follower.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Checkpoint {
    /// The follower.
    pub name: String,
    /// The version of its logic.
    pub version: i32,
    /// The last position that it has processed.
    pub position: i64,
    /// The epoch of the log in which it was saved.
    pub epoch: i64,
    /// The process that saved it.
    pub owner: Uuid,
    /// Whether it has parked streams or skipped events; known when it was locked.
    #[sqlx(default)]
    pub leaves_aside: bool,
    /// Whether workers feed it; the position is then that of the whole.
    pub fed_by_workers: bool,
}

/// The position of a follower, with the progress of its workers if they feed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FollowerPosition {
    pub(crate) name: String,
    pub(crate) position: i64,
    pub(crate) by_workers: Option<PartitionProgress>,
}

/// Whether workers feed the checkpoint of this row.
macro_rules! fed_by_workers {
    () => {
        "exists (select from worker_partitions where follower = checkpoints.name) as fed_by_workers"
    };
}

/// SQL: whether a follower has parked streams or skipped events; of this row, or of an expression.
macro_rules! leaves_aside {
    () => {
        leaves_aside!("checkpoints.name")
    };
    ($follower:literal) => {
        concat!(
            "(exists (select from parked_streams where parked_streams.follower = ",
            $follower,
            ") or exists (select from interventions where interventions.follower = ",
            $follower,
            " and step = 'skip')) as leaves_aside"
        )
    };
}

/// SQL: the epoch of the last event. `log_head` has it too, but a row version for each append, all of which an old
/// snapshot would keep.
macro_rules! last_epoch {
    () => {
        "coalesce((select epoch from events order by position desc limit 1), 1)"
    };
}
use fed_by_workers;
pub(crate) use {last_epoch, leaves_aside};

/// The checkpoint of a follower; created at position 0 if there is none.
///
/// # Errors
/// The database's.
pub async fn ensure(conn: &mut PgConnection, name: &str, version: i32, owner: Uuid) -> sqlx::Result<Checkpoint> {
    sqlx::query(
        "insert into checkpoints (name, version, position, epoch, owner, updated_at)
        select $1, $2, 0, epoch, $3, now()
        from log_head
        on conflict (name) do nothing",
    )
    .bind(name)
    .bind(version)
    .bind(owner)
    .execute(&mut *conn)
    .await?;
    sqlx::query_as(concat!(
        "select name, version, position, epoch, owner, ",
        fed_by_workers!(),
        " from checkpoints where name = $1"
    ))
    .bind(name)
    .fetch_one(conn)
    .await
}

/// The checkpoints of all followers.
///
/// # Errors
/// The database's.
pub async fn positions(conn: &mut PgConnection) -> sqlx::Result<Vec<(String, i64)>> {
    sqlx::query_as("select name, position from checkpoints").fetch_all(conn).await
}

/// The checkpoint of a follower; `None` when it has never run.
///
/// # Errors
/// The database's.
pub async fn position(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select position from checkpoints where name = $1").bind(name).fetch_optional(conn).await
}

/// The positions of all followers, with the progress of workers.
///
/// # Errors
/// The database's.
pub(crate) async fn standings(conn: &mut PgConnection) -> sqlx::Result<Vec<FollowerPosition>> {
    let rows: Vec<(String, i64, Option<Vec<i64>>)> = sqlx::query_as(
        "select name, position,
                (select array_agg(worker_partitions.position order by partition)
                 from worker_partitions
                 where follower = name)
        from checkpoints",
    )
    .fetch_all(conn)
    .await?;
    let standing = |(name, position, partitions): (_, _, Option<_>)| FollowerPosition {
        name,
        position,
        by_workers: partitions.map(PartitionProgress::new),
    };
    Ok(rows.into_iter().map(standing).collect())
}
