//! A projection: a fold of the log into read tables. Here a batch, its rows and the checkpoint come
//! into one transaction; what the rows are is the projection's affair.

use std::future::Future;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use uuid::Uuid;

use crate::checkpoint::{self, Checkpoint};
use crate::error::{FoldError, FollowError};
use crate::follow::{Batch, Follower, Outcome};
use crate::log::{Entry, Recorded};
use crate::rebuild;

/// A fold of the log into read tables.
pub trait Projection: Send + Sync + 'static {
    /// Under which its checkpoint is kept.
    const NAME: &'static str;
    /// Of its logic: a newer one folds again from position 1.
    const VERSION: i32;
    /// The stream types whose events it folds.
    const STREAMS: &'static [&'static str];
    /// The tables it owns.
    const TABLES: &'static [&'static str];

    /// Folds the next events. Each is given exactly once.
    fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> impl Future<Output = Result<(), FoldError>> + Send;

    /// Empties the tables. Readers see the old rows until the transaction ends.
    fn clear(&self, tx: &mut PgConnection) -> impl Future<Output = Result<(), FoldError>> + Send {
        async move {
            for table in Self::TABLES {
                sqlx::query(&format!("delete from {table}")).execute(&mut *tx).await?;
            }
            Ok(())
        }
    }
}

/// A projection as a follower of the log.
#[derive(Debug, Clone)]
pub struct Projected<P> {
    projection: P,
    pool: PgPool,
    owner: Uuid,
}

impl<P: Projection> Projected<P> {
    /// The projection, written into this database.
    #[must_use]
    pub fn new(projection: P, pool: PgPool) -> Self {
        Self { projection, pool, owner: Uuid::new_v4() }
    }

    /// The events after the checkpoint that can be read, and up to where they go. An event that
    /// cannot be read is an error only when it is the next one: what is before it is folded first.
    fn decode(batch: &Batch, folded: i64) -> Result<(Vec<Recorded>, i64), FollowError> {
        let mut events = Vec::with_capacity(batch.entries.len());
        let fresh = |entry: &&Entry| entry.position > folded;
        for entry in batch.entries.iter().filter(fresh) {
            match entry.clone().recorded() {
                Ok(recorded) => events.push(recorded),
                Err(error) if events.is_empty() => {
                    return Err(FollowError::Poison { position: entry.position, reason: error.to_string() });
                }
                Err(_) => return Ok((events, entry.position - 1)),
            }
        }
        Ok((events, batch.through))
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

    async fn begin(&self, pool: &PgPool, _: Uuid) -> Result<i64, FollowError> {
        let mut conn = pool.acquire().await?;
        let known = checkpoint::ensure(&mut conn, P::NAME, P::VERSION, self.owner).await?;
        if known.version > P::VERSION {
            return Err(newer(&known));
        }
        if known.version == P::VERSION {
            return Ok(known.position);
        }
        tracing::info!(projection = P::NAME, from = known.version, to = P::VERSION, "a newer fold starts over");
        rebuild::again(&mut conn, &self.projection, |_, _| {}).await.map_err(|error| poison(error, 1))
    }

    async fn handle(&self, batch: &Batch) -> Result<Outcome, FollowError> {
        let mut conn = self.pool.acquire().await?;
        let mut tx = conn.begin().await?;
        let Some(known) = checkpoint::try_lock(&mut tx, P::NAME).await? else { return Err(FollowError::Standby) };
        if known.version != P::VERSION {
            return Err(newer(&known));
        }
        if known.position >= batch.through || known.position < batch.after {
            // now, not when the connection is used next: the lock would look like another follower
            tx.rollback().await?;
            return Ok(Outcome::Saved(known.position));
        }
        let (events, through) = Self::decode(batch, known.position)?;
        if !events.is_empty() {
            self.projection.fold(&mut tx, &events).await.map_err(|error| poison(error, events[0].entry.position))?;
        }
        checkpoint::save(&mut tx, P::NAME, P::VERSION, through, self.owner).await?;
        tx.commit().await?;
        Ok(Outcome::Saved(through))
    }
}

fn newer(known: &Checkpoint) -> FollowError {
    FollowError::Stop(format!("its rows are of version {}, which another program writes", known.version))
}

/// Trouble passes; a row that breaks a rule of its table, or an event that cannot be, does not.
fn poison(error: FoldError, position: i64) -> FollowError {
    match error {
        FoldError::Database(sqlx::Error::Database(refused))
            if refused.code().is_some_and(|code| is_for_ever(&code)) =>
        {
            FollowError::Poison { position, reason: refused.to_string() }
        }
        FoldError::Database(error) => FollowError::Database(error),
        FoldError::Event { position, source } => FollowError::Poison { position, reason: source.to_string() },
        error @ FoldError::Stored { .. } => FollowError::Poison { position, reason: error.to_string() },
    }
}

/// SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation).
fn is_for_ever(code: &str) -> bool {
    code.starts_with("22") || code.starts_with("23")
}
