//! A projection as a follower of the log: a batch writes its rows and the checkpoint in one transaction. Before it
//! starts, it is rebuilt if its version is newer than its rows, and taken back from workers if they fed it.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use uuid::Uuid;

use crate::engine::checkpoint::{self, Checkpoint, CheckpointMove, LockedCheckpoint};
use crate::engine::error::FollowError;
use crate::engine::fold::{FoldMode, Folded, fold};
use crate::engine::follower::{Batch, BatchInterval, Begun, Follower, OnPoison};
use crate::engine::parked::{self, LeftOut};
use crate::engine::projection::Projection;
use crate::upkeep::{handover, rebuild};

/// A projection as a follower of the log.
#[derive(Debug, Clone)]
pub struct Projected<P> {
    projection: P,
    owner: Uuid,
}

impl<P: Projection> Projected<P> {
    /// A follower that has not started yet.
    #[must_use]
    pub fn new(projection: P) -> Self {
        Self { projection, owner: Uuid::new_v4() }
    }

    /// Whether a batch could be folded with one statement. If not, the transaction that follows finds out why.
    async fn folded_in_one_statement(&self, conn: &mut PgConnection, batch: &Batch) -> bool {
        let Ok(events) = batch.entries.iter().map(|entry| entry.recorded()).collect::<Result<Vec<_>, _>>() else {
            return false;
        };
        let Batch { after, through, .. } = *batch;
        let moving = CheckpointMove { name: P::NAME, version: P::VERSION, after, through, owner: self.owner };
        matches!(self.projection.fold_in_one_statement(conn, &events, moving).await, Ok(true))
    }

    /// Folds a batch in one transaction; `None` when it must be folded again, one event at a time.
    async fn attempt(
        &self,
        conn: &mut PgConnection,
        batch: &Batch,
        pace: FoldMode,
    ) -> Result<Option<i64>, FollowError> {
        let (tx, piece) = (conn.begin().await?, (batch.after, batch.through));
        let locked = LockedCheckpoint::try_move(tx, P::NAME, P::VERSION, piece, self.owner).await?;
        let mut locked = locked.ok_or(FollowError::Standby)?;
        let known = locked.known().clone();
        if known.version != P::VERSION {
            return Err(another_version(&known));
        }
        if known.fed_by_workers {
            locked.rollback().await?;
            return Err(FollowError::Standby);
        }
        if known.position >= batch.through || known.position < batch.after {
            locked.rollback().await?;
            return Ok(Some(known.position));
        }
        let tx = locked.transaction();
        let aside = if known.leaves_aside { parked::aside(tx, P::NAME, P::NAME).await? } else { LeftOut::default() };
        let fresh = batch
            .entries
            .iter()
            .filter(|entry| entry.position > known.position && P::may_concern(&entry.event_type, &entry.payload))
            .map(|entry| entry.read());
        let (through, poison) = match fold(&self.projection, tx, fresh, &aside, pace).await? {
            Folded::Whole => (batch.through, None),
            Folded::Before(poison) => (poison.position - 1, Some(poison)),
            Folded::Spoilt => {
                locked.rollback().await?;
                return Ok(None);
            }
        };
        if let Some(poison) = poison.filter(|_| through <= known.position) {
            locked.rollback().await?;
            return Err(FollowError::Poison { position: poison.position, reason: poison.reason });
        }
        if through < batch.through {
            locked.save(P::VERSION, through, self.owner).await?;
        }
        locked.commit().await?;
        Ok(Some(through))
    }
}

impl<P: Projection> Follower for Projected<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn version(&self) -> i32 {
        P::VERSION
    }

    fn streams(&self) -> &'static [&'static str] {
        P::STREAMS
    }

    fn on_poison(&self) -> OnPoison {
        P::ON_POISON
    }

    fn batch_interval(&self) -> BatchInterval {
        P::BATCH_INTERVAL
    }

    async fn begin(&self, pool: &PgPool, _: Uuid) -> Result<Begun, FollowError> {
        let mut conn = pool.acquire().await?;
        let known = checkpoint::ensure(&mut conn, P::NAME, P::VERSION, self.owner).await?;
        if known.version > P::VERSION {
            return Err(another_version(&known));
        }
        drop(conn);
        if known.version == P::VERSION && known.fed_by_workers {
            return handover::take_back(pool, &self.projection, self.owner).await.map(Begun::SavesItself);
        }
        if known.version == P::VERSION {
            return Ok(Begun::SavesItself(known.position));
        }
        tracing::info!(
            projection = P::NAME,
            from = known.version,
            to = P::VERSION,
            "projection has a newer version; rebuilding it from the log"
        );
        Ok(Begun::SavesItself(rebuild::side_by_side(pool, &self.projection, |_, _| {}).await?.position))
    }

    async fn handle(&self, conn: &mut PgConnection, batch: &Batch) -> Result<i64, FollowError> {
        if P::FOLDS_IN_ONE_STATEMENT && self.folded_in_one_statement(conn, batch).await {
            return Ok(batch.through);
        }
        if let Some(outcome) = self.attempt(conn, batch, FoldMode::AtOnce).await? {
            return Ok(outcome);
        }
        let outcome = self.attempt(conn, batch, FoldMode::OneByOne).await?;
        outcome.ok_or_else(|| FollowError::Trouble("a fold is spoilt twice".into()))
    }
}

fn another_version(known: &Checkpoint) -> FollowError {
    FollowError::Stop(format!("its rows have version {}, written by another release", known.version))
}
