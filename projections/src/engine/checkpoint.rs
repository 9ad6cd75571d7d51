//! How far each follower has come. Anybody may read it. To write it takes a value that says by what right:
//!
//! - [`LockedCheckpoint`]: its row is locked until the end of the transaction that also writes what it stands for
//!   (projections, rebuilds, the way back from workers). [`CheckpointMove`] does both with one statement.
//! - [`OwnedCheckpoint`]: nobody has taken the checkpoint over since (reactors).
//! - `LeasedCheckpoint`: the same, under an epoch of the follower's lease (the relay).
//! - `ReadThrough`: nothing of interest came since the position where it stood, and nobody has set it back.
//!
//! Whoever has lost the right moves nothing and is told so ([`FollowError::Standby`](crate::FollowError::Standby)).

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

/// How far one follower has come.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Checkpoint {
    /// The follower.
    pub name: String,
    /// Of its logic.
    pub version: i32,
    /// The last position that it has taken in.
    pub position: i64,
    /// The life of the log in which it was saved.
    pub epoch: i64,
    /// Who saved it.
    pub owner: Uuid,
    /// Whether there are streams or events that it leaves aside; known when it was locked.
    #[sqlx(default)]
    pub leaves_aside: bool,
    /// Whether workers feed it, partition by partition: it is the position of the whole then.
    pub fed_by_workers: bool,
}

/// How far a follower has come, also one that workers feed.
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

/// Whether a follower leaves something aside: that of this row, or the one of an expression in SQL.
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

/// In which life of the log its last event was appended. `log_head` says it too, but has a version for each append, and an
/// old snapshot keeps all of them.
macro_rules! last_epoch {
    () => {
        "coalesce((select epoch from events order by position desc limit 1), 1)"
    };
}
use fed_by_workers;
pub(crate) use {last_epoch, leaves_aside};

/// The checkpoint of a follower, made at the start of the log when there is none.
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

/// How far every follower has come.
///
/// # Errors
/// The database's.
pub async fn positions(conn: &mut PgConnection) -> sqlx::Result<Vec<(String, i64)>> {
    sqlx::query_as("select name, position from checkpoints").fetch_all(conn).await
}

/// How far a follower has come; `None` when it has never run.
///
/// # Errors
/// The database's.
pub async fn position(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select position from checkpoints where name = $1").bind(name).fetch_optional(conn).await
}

/// How far every follower has come, with the progress of those that workers feed.
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
