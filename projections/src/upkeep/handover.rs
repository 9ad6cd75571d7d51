//! Hands a projection from Kafka workers back to a follower of the log. When no worker holds any of its partitions, the
//! events that some partitions have not folded yet are folded from the log, until the checkpoint alone says how far the
//! projection is. In the other direction there is nothing to do: workers start each partition at the checkpoint.

use sqlx::{Connection, PgPool};
use uuid::Uuid;

use crate::engine::checkpoint::LockedCheckpoint;
use crate::engine::error::FollowError;
use crate::engine::fold::{FoldMode, Folded, fold};
use crate::engine::parked::{self, LeftOut};
use crate::engine::partition_progress;
use crate::engine::projection::Projection;
use crate::log::{self, Entry};

/// How many positions one transaction reads.
const POSITIONS: i64 = 5_000;

/// How one chunk of positions ended.
enum ChunkResult {
    /// It is folded, and more positions follow.
    Unfinished,
    /// All partitions are at this position, which the checkpoint now holds.
    Done(i64),
    /// An event in it cannot be folded: fold it again, one event at a time.
    Spoilt,
}

/// Takes the projection back; the result is the position at which its follower goes on.
///
/// # Errors
/// [`FollowError::Standby`] while a worker holds a partition; otherwise those of a follower.
pub(crate) async fn take_back<P: Projection>(pool: &PgPool, projection: &P, owner: Uuid) -> Result<i64, FollowError> {
    // checked before anything is locked, so that working workers are not held up
    if partition_progress::is_attended(&mut *pool.acquire().await?, P::NAME).await? {
        return Err(FollowError::Standby);
    }
    let mut pace = FoldMode::AtOnce;
    loop {
        match fold_chunk(pool, projection, owner, pace).await? {
            ChunkResult::Done(position) => {
                tracing::info!(
                    projection = P::NAME,
                    log.position = position,
                    "no Kafka worker feeds the projection any more; a follower takes over"
                );
                return Ok(position);
            }
            ChunkResult::Unfinished => pace = FoldMode::AtOnce,
            ChunkResult::Spoilt if pace == FoldMode::AtOnce => pace = FoldMode::OneByOne,
            ChunkResult::Spoilt => {
                return Err(FollowError::Trouble("an event that was folded alone still spoils its chunk".to_owned()));
            }
        }
    }
}

async fn fold_chunk<P: Projection>(
    pool: &PgPool,
    projection: &P,
    owner: Uuid,
    pace: FoldMode,
) -> Result<ChunkResult, FollowError> {
    let mut conn = pool.acquire().await?;
    let locked = LockedCheckpoint::try_lock(conn.begin().await?, P::NAME).await?;
    let mut locked = locked.ok_or(FollowError::Standby)?;
    let known = locked.known().clone();
    let tx = locked.transaction();
    let Some(done) = partition_progress::lock(tx, P::NAME).await? else {
        locked.rollback().await?;
        return Ok(ChunkResult::Done(known.position));
    };
    if partition_progress::is_attended(tx, P::NAME).await? {
        locked.rollback().await?;
        return Err(FollowError::Standby);
    }
    let furthest = done.furthest().max(known.position);
    let through = furthest.min(known.position + POSITIONS);
    let entries = log::read_between(tx, known.position, through, P::STREAMS).await?;
    let missing = entries.iter().filter(|entry| !done.has(&entry.subject, entry.position)).map(Entry::read);
    let aside = if known.leaves_aside { parked::aside(tx, P::NAME, P::NAME).await? } else { LeftOut::default() };
    let (through, poison) = match fold(projection, tx, missing, &aside, pace).await? {
        Folded::Whole => (through, None),
        Folded::Before(poison) => (poison.position - 1, Some(poison)),
        Folded::Spoilt => {
            locked.rollback().await?;
            return Ok(ChunkResult::Spoilt);
        }
    };
    if let Some(poison) = poison.filter(|_| through <= known.position) {
        locked.rollback().await?;
        return Err(FollowError::Poison { position: poison.position, reason: poison.reason });
    }
    let all = through == furthest;
    if all {
        partition_progress::end(tx, P::NAME).await?;
    } else {
        partition_progress::raise(tx, P::NAME, through, false).await?;
    }
    locked.save(P::VERSION, through, owner).await?;
    locked.commit().await?;
    Ok(if all { ChunkResult::Done(through) } else { ChunkResult::Unfinished })
}
