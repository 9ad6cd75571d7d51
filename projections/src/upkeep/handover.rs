//! A projection goes from its workers back to a follower of the log: when nobody looks after any of its
//! partitions any more, what some of them are behind the others is folded from the log, and then the
//! checkpoint says everything again. The other way, workers take the partitions over at the checkpoint.

use sqlx::{Connection, PgPool};
use uuid::Uuid;

use crate::engine::checkpoint::LockedCheckpoint;
use crate::engine::error::FollowError;
use crate::engine::fold::{FoldMode, Folded, fold};
use crate::engine::parked::{self, LeftOut};
use crate::engine::partition_progress;
use crate::engine::projection::Projection;
use crate::log::{self, Entry};

/// How many positions are looked at at once.
const POSITIONS: i64 = 5_000;

/// What became of a piece.
enum Piece {
    /// There is more to do.
    Further,
    /// The checkpoint, at this position, says everything.
    Done(i64),
    /// Fold it again, one by one.
    Spoilt,
}

/// Takes the projection back, and says where its follower goes on.
///
/// # Errors
/// [`FollowError::Standby`] while a worker is there; otherwise as a follower's.
pub(crate) async fn take_back<P: Projection>(pool: &PgPool, projection: &P, owner: Uuid) -> Result<i64, FollowError> {
    // before anything is locked: whoever works is not held up
    if partition_progress::is_attended(&mut *pool.acquire().await?, P::NAME).await? {
        return Err(FollowError::Standby);
    }
    let mut pace = FoldMode::AtOnce;
    loop {
        match piece(pool, projection, owner, pace).await? {
            Piece::Done(position) => {
                tracing::info!(
                    projection = P::NAME,
                    log.position = position,
                    "no Kafka worker feeds the projection any more; a follower takes over"
                );
                return Ok(position);
            }
            Piece::Further => pace = FoldMode::AtOnce,
            Piece::Spoilt if pace == FoldMode::AtOnce => pace = FoldMode::OneByOne,
            Piece::Spoilt => return Err(FollowError::Trouble("a fold is spoilt twice".to_owned())),
        }
    }
}

async fn piece<P: Projection>(
    pool: &PgPool,
    projection: &P,
    owner: Uuid,
    pace: FoldMode,
) -> Result<Piece, FollowError> {
    let mut conn = pool.acquire().await?;
    let locked = LockedCheckpoint::try_lock(conn.begin().await?, P::NAME).await?;
    let mut locked = locked.ok_or(FollowError::Standby)?;
    let known = locked.known().clone();
    let tx = locked.transaction();
    let Some(done) = partition_progress::lock(tx, P::NAME).await? else {
        locked.rollback().await?;
        return Ok(Piece::Done(known.position));
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
            return Ok(Piece::Spoilt);
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
    Ok(if all { Piece::Done(through) } else { Piece::Further })
}
