//! A checkpoint that is moved under the epoch of a lease, for work that only one process may do: a process that was
//! paused until another took the lease over can save nothing.

use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::QueryScalar;
use uuid::Uuid;

use super::ensure;
use crate::engine::error::FollowError;
use crate::engine::lease::LeaseEpoch;

/// A checkpoint that was taken over under an epoch of the lease.
#[derive(Debug)]
pub(crate) struct LeasedCheckpoint {
    name: &'static str,
    owner: Uuid,
    epoch: LeaseEpoch,
}

/// The SQL that moves one, to be part of a larger statement. [`LeasedCheckpoint::bind`] binds its parameters; it
/// changes no row when another process has taken the checkpoint over.
macro_rules! move_leased {
    () => {
        concat!(
            "update checkpoints
            set position = greatest(checkpoints.position, $4), epoch = ",
            $crate::engine::checkpoint::last_epoch!(),
            ", updated_at = now()
            where checkpoints.name = $1
              and checkpoints.owner = $2
              and checkpoints.lease_epoch = $3
            returning true"
        )
    };
}
pub(crate) use move_leased;

impl LeasedCheckpoint {
    /// Takes a checkpoint over.
    ///
    /// # Errors
    /// [`FollowError::Standby`] when a process with a later epoch has taken it over.
    pub(crate) async fn take_over(
        conn: &mut PgConnection,
        name: &'static str,
        version: i32,
        owner: Uuid,
        epoch: LeaseEpoch,
    ) -> Result<(Self, i64), FollowError> {
        ensure(conn, name, version, owner).await?;
        let checkpoint = Self { name, owner, epoch };
        let position = checkpoint.take(conn, None).await?;
        Ok((checkpoint, position))
    }

    /// Sets it back to the start of the log.
    ///
    /// # Errors
    /// [`FollowError::Standby`] when a process with a later epoch has taken it over.
    pub(crate) async fn start_over(&self, conn: &mut PgConnection) -> Result<(), FollowError> {
        self.take(conn, Some(0)).await.map(drop)
    }

    async fn take(&self, conn: &mut PgConnection, position: Option<i64>) -> Result<i64, FollowError> {
        let taken: Option<i64> = sqlx::query_scalar(
            "update checkpoints
            set owner = $2, position = coalesce($3, position), lease_epoch = $4, updated_at = now()
            where name = $1
              and lease_epoch <= $4
            returning position",
        )
        .bind(self.name)
        .bind(self.owner)
        .bind(position)
        .bind(self.epoch.number())
        .fetch_optional(conn)
        .await?;
        taken.ok_or(FollowError::Standby)
    }

    /// Moves it forward.
    ///
    /// # Errors
    /// [`FollowError::Standby`] when another process has taken it over.
    pub(crate) async fn advance(&self, conn: &mut PgConnection, position: i64) -> Result<(), FollowError> {
        let moved = self.bind(sqlx::query_scalar(move_leased!()), position).fetch_optional(conn).await?;
        moved.map(drop).ok_or(FollowError::Standby)
    }

    /// Binds the four parameters of [`move_leased`].
    pub(crate) fn bind<'q>(
        &self,
        query: QueryScalar<'q, Postgres, bool, PgArguments>,
        position: i64,
    ) -> QueryScalar<'q, Postgres, bool, PgArguments> {
        query.bind(self.name).bind(self.owner).bind(self.epoch.number()).bind(position)
    }

    /// The epoch under which it was taken over.
    pub(crate) fn epoch(&self) -> LeaseEpoch {
        self.epoch
    }
}

/// Sets a checkpoint back to before a position, never forward, and clears the event that it stopped before. It does so
/// under a new epoch of the lease, so that the active process can save nothing more and starts again from there.
///
/// # Errors
/// The database's.
pub(crate) async fn set_back_leased(
    conn: &mut PgConnection,
    name: &str,
    from: i64,
    nobodys: LeaseEpoch,
) -> sqlx::Result<()> {
    sqlx::query(
        "update checkpoints
        set position = least(position, $2 - 1), owner = $3, lease_epoch = $4, updated_at = now(),
            state = 'following', trouble_position = null, trouble = null
        where name = $1",
    )
    .bind(name)
    .bind(from)
    .bind(Uuid::new_v4())
    .bind(nobodys.number())
    .execute(conn)
    .await?;
    Ok(())
}
