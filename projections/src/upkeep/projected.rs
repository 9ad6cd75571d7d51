//! A projection as a follower of the log: a batch, its rows and the checkpoint are one transaction. Before it begins, a
//! newer fold is rebuilt, and what workers fed is taken back.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use uuid::Uuid;

use crate::engine::checkpoint::{self, Checkpoint, Moving};
use crate::engine::error::FollowError;
use crate::engine::fold::{Folded, Pace, fold};
use crate::engine::follower::{Batch, Follower, OnPoison, Outcome, Rest};
use crate::engine::parked::{self, Aside};
use crate::engine::projection::Projection;
use crate::upkeep::{handover, rebuild};

/// A projection as a follower of the log.
#[derive(Debug, Clone)]
pub struct Projected<P> {
    projection: P,
    owner: Uuid,
}

impl<P: Projection> Projected<P> {
    /// The projection, followed by somebody who has not followed before.
    #[must_use]
    pub fn new(projection: P) -> Self {
        Self { projection, owner: Uuid::new_v4() }
    }

    /// Whether a batch could be folded with one statement. What was in the way, a transaction finds out.
    async fn folds_at_once(&self, conn: &mut PgConnection, batch: &Batch) -> bool {
        let Ok(events) = batch.entries.iter().map(|entry| entry.recorded()).collect::<Result<Vec<_>, _>>() else {
            return false;
        };
        let Batch { after, through, .. } = *batch;
        let moving = Moving { name: P::NAME, version: P::VERSION, after, through, owner: self.owner };
        matches!(self.projection.fold_at_once(conn, &events, moving).await, Ok(true))
    }

    /// Folds a batch in one transaction; `None` when it has to be folded one by one.
    async fn attempt(
        &self,
        conn: &mut PgConnection,
        batch: &Batch,
        pace: Pace,
    ) -> Result<Option<Outcome>, FollowError> {
        let mut tx = conn.begin().await?;
        let piece = (batch.after, batch.through);
        let Some(known) = checkpoint::try_move(&mut tx, P::NAME, P::VERSION, piece, self.owner).await? else {
            return Err(FollowError::Standby);
        };
        if known.version != P::VERSION {
            return Err(another_version(&known));
        }
        if known.fed_by_workers {
            // now as well: the lock would look like a worker's
            tx.rollback().await?;
            return Err(FollowError::Standby);
        }
        if known.position >= batch.through || known.position < batch.after {
            // now, not when the connection is used next: the lock would look like another follower
            tx.rollback().await?;
            return Ok(Some(Outcome::Saved(known.position)));
        }
        let aside = if known.leaves_aside { parked::aside(&mut tx, P::NAME, P::NAME).await? } else { Aside::default() };
        let fresh = batch.entries.iter().filter(|entry| entry.position > known.position).map(|entry| entry.read());
        let (through, poison) = match fold(&self.projection, &mut tx, fresh, &aside, pace).await? {
            Folded::Whole => (batch.through, None),
            Folded::Before(poison) => (poison.position - 1, Some(poison)),
            Folded::Spoilt => {
                tx.rollback().await?;
                return Ok(None);
            }
        };
        if let Some(poison) = poison.filter(|_| through <= known.position) {
            tx.rollback().await?;
            return Err(FollowError::Poison { position: poison.position, reason: poison.reason });
        }
        if through < batch.through {
            checkpoint::save(&mut tx, P::NAME, P::VERSION, through, self.owner).await?;
        }
        tx.commit().await?;
        Ok(Some(Outcome::Saved(through)))
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

    fn rest(&self) -> Rest {
        P::REST
    }

    async fn begin(&self, pool: &PgPool, _: Uuid) -> Result<i64, FollowError> {
        let mut conn = pool.acquire().await?;
        let known = checkpoint::ensure(&mut conn, P::NAME, P::VERSION, self.owner).await?;
        if known.version > P::VERSION {
            return Err(another_version(&known));
        }
        drop(conn);
        if known.version == P::VERSION && known.fed_by_workers {
            return handover::take_back(pool, &self.projection, self.owner).await;
        }
        if known.version == P::VERSION {
            return Ok(known.position);
        }
        tracing::info!(projection = P::NAME, from = known.version, to = P::VERSION, "a newer fold starts over");
        Ok(rebuild::side_by_side(pool, &self.projection, |_, _| {}).await?.position)
    }

    async fn handle(&self, conn: &mut PgConnection, batch: &Batch) -> Result<Outcome, FollowError> {
        if P::AT_ONCE && self.folds_at_once(conn, batch).await {
            return Ok(Outcome::Saved(batch.through));
        }
        if let Some(outcome) = self.attempt(conn, batch, Pace::AtOnce).await? {
            return Ok(outcome);
        }
        let outcome = self.attempt(conn, batch, Pace::OneByOne).await?;
        outcome.ok_or_else(|| FollowError::Trouble("a fold is spoilt twice".into()))
    }
}

fn another_version(known: &Checkpoint) -> FollowError {
    FollowError::Stop(format!("its rows are of version {}, which another program writes", known.version))
}
