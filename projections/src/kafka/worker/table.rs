//! The rows of `worker_partitions`: which member folds a partition, how far it is folded, and where to continue reading
//! the topic. Taking a partition over gives it a new epoch, and every write names the epoch it was taken with: a
//! fencing token.

use sqlx::{Connection, PgPool};
use uuid::Uuid;

use crate::engine::checkpoint::{self, LockedCheckpoint};
use crate::engine::error::FollowError;
use crate::engine::projection::Projection;
use crate::log::partition::PARTITIONS;

/// How long a claim on a partition lasts when it is not renewed.
pub(super) const ATTENDED_MS: i64 = 6_000;
/// How long to wait for a locked row before trying again.
const LOCK_WITHIN: &str = "set local lock_timeout = '10s'";

/// A place in a partition of the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResumePoint {
    /// The next offset to read.
    pub(super) offset: i64,
    /// The log position of the message before it.
    pub(super) seen: i64,
}

/// A partition that was taken over.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct TakenOver {
    pub(super) partition: i32,
    pub(super) epoch: i64,
    pub(super) position: i64,
    pub(super) topic: Option<String>,
    pub(super) next_offset: Option<i64>,
    pub(super) seen_position: Option<i64>,
}

/// The name of the consumer group: one for each projection of each programme, so that a copy of the database does not
/// take partitions from the original.
pub(super) async fn group(pool: &PgPool, name: &str) -> sqlx::Result<String> {
    sqlx::query_scalar(
        "select 'reward-ledger.' || $1 || '.' || left(encode(sha256(convert_to(
                    concat_ws('/', system_identifier, current_database(), current_schema()), 'UTF8')), 'hex'), 12)
        from pg_control_system()",
    )
    .bind(name)
    .fetch_one(pool)
    .await
}

/// Takes partitions over. If a follower has fed the projection until now, they start at its checkpoint.
pub(super) async fn take_over<P: Projection>(
    pool: &PgPool,
    owner: Uuid,
    partitions: &[i32],
) -> Result<Vec<TakenOver>, FollowError> {
    let mut conn = pool.acquire().await?;
    let mut tx = conn.begin().await?;
    sqlx::query(LOCK_WITHIN).execute(&mut *tx).await?;
    checkpoint::ensure(&mut tx, P::NAME, P::VERSION, owner).await?;
    // before the partitions, as all do who lock both
    let locked = LockedCheckpoint::lock(tx, P::NAME).await?;
    let mut locked = locked.ok_or(FollowError::Standby)?;
    let (version, position) = (locked.known().version, locked.known().position);
    if version > P::VERSION {
        return Err(FollowError::Stop(format!("its rows have version {version}, written by another release")));
    }
    if version < P::VERSION {
        return Err(FollowError::Trouble(format!(
            "its rows are of version {version}: a follower folds them again first (`serve`, or `rebuild {}`)",
            P::NAME
        )));
    }
    sqlx::query(
        "insert into worker_partitions (follower, partition, position, owner, epoch, attended_until)
        select $1, partition, $2, $3, 0, now()
        from generate_series(0, $4 - 1) as partition
        on conflict (follower, partition) do nothing",
    )
    .bind(P::NAME)
    .bind(position)
    .bind(owner)
    .bind(PARTITIONS)
    .execute(locked.transaction())
    .await?;
    let taken = sqlx::query_as(
        "update worker_partitions
        set owner = $2, epoch = epoch + 1, updated_at = now(),
            attended_until = clock_timestamp() + $4 * interval '1 millisecond'
        where follower = $1 and partition = any($3)
        returning partition, epoch, position, topic, next_offset, seen_position",
    )
    .bind(P::NAME)
    .bind(owner)
    .bind(partitions)
    .bind(ATTENDED_MS)
    .fetch_all(locked.transaction())
    .await?;
    locked.commit().await?;
    Ok(taken)
}

/// Renews the owner's claim on its partitions; the result is which those are, with their epochs.
pub(super) async fn attend(pool: &PgPool, name: &str, owner: Uuid) -> sqlx::Result<Vec<(i32, i64)>> {
    sqlx::query_as(
        "update worker_partitions
        set attended_until = clock_timestamp() + $3 * interval '1 millisecond'
        where follower = $1 and owner = $2
        returning partition, epoch",
    )
    .bind(name)
    .bind(owner)
    .bind(ATTENDED_MS)
    .fetch_all(pool)
    .await
}

/// Ends the owner's claim at once, so that nobody waits for it to expire.
pub(super) async fn leave(pool: &PgPool, name: &str, owner: Uuid) -> sqlx::Result<()> {
    sqlx::query("update worker_partitions set attended_until = now() where follower = $1 and owner = $2")
        .bind(name)
        .bind(owner)
        .execute(pool)
        .await?;
    Ok(())
}

/// Forgets the saved offsets of the owner's partitions, because where one does not match the topic the others may not
/// either: they are read from the log when they are taken over next.
pub(super) async fn forget(pool: &PgPool, name: &str, owner: Uuid) -> sqlx::Result<()> {
    sqlx::query(
        "update worker_partitions
        set next_offset = null, seen_position = null, updated_at = now()
        where follower = $1 and owner = $2",
    )
    .bind(name)
    .bind(owner)
    .execute(pool)
    .await?;
    Ok(())
}
