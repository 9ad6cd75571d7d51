//! A checkpoint that only the process that took it over last can move, for followers whose work is idempotent.

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{ensure, last_epoch};
use crate::engine::error::FollowError;

/// A checkpoint that was taken over.
#[derive(Debug)]
pub struct OwnedCheckpoint {
    name: &'static str,
    owner: Uuid,
    position: i64,
}

impl OwnedCheckpoint {
    /// Takes a checkpoint over at its position.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_over(
        conn: &mut PgConnection,
        name: &'static str,
        version: i32,
        owner: Uuid,
    ) -> sqlx::Result<Self> {
        ensure(conn, name, version, owner).await?;
        let taken = "update checkpoints set owner = $2, updated_at = now() where name = $1 returning position";
        let position = sqlx::query_scalar(taken).bind(name).bind(owner).fetch_one(conn).await?;
        Ok(Self { name, owner, position })
    }

    /// Its position.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Moves it.
    ///
    /// # Errors
    /// [`FollowError::Standby`] when another process has taken it over or set it back.
    pub(crate) async fn advance(&mut self, conn: &mut PgConnection, position: i64) -> Result<(), FollowError> {
        let moved = sqlx::query(concat!(
            "update checkpoints
            set position = $2, epoch = ",
            last_epoch!(),
            ", updated_at = now()
            where checkpoints.name = $1
              and checkpoints.owner = $3
              and checkpoints.position = $4",
        ))
        .bind(self.name)
        .bind(position)
        .bind(self.owner)
        .bind(self.position)
        .execute(conn)
        .await?;
        if moved.rows_affected() == 0 {
            return Err(FollowError::Standby);
        }
        self.position = position;
        Ok(())
    }
}

/// Sets a checkpoint back, never forward, and takes it from its owner: a running follower starts again from there.
///
/// # Errors
/// The database's.
pub(crate) async fn set_back(conn: &mut PgConnection, name: &str, position: i64) -> sqlx::Result<()> {
    sqlx::query(
        "update checkpoints set position = least(position, $2), owner = $3, updated_at = now() where name = $1",
    )
    .bind(name)
    .bind(position)
    .bind(Uuid::new_v4())
    .execute(conn)
    .await?;
    Ok(())
}
