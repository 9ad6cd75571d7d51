//! A checkpoint whose row is locked: it is saved in the transaction that writes the rows it stands for, or not at all.

use sqlx::postgres::PgConnection;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Checkpoint, fed_by_workers, last_epoch, leaves_aside};

/// A transaction that holds the lock on a checkpoint's row.
#[derive(Debug)]
pub struct LockedCheckpoint<'c> {
    transaction: Transaction<'c, Postgres>,
    /// The checkpoint when it was locked.
    known: Checkpoint,
}

impl<'c> LockedCheckpoint<'c> {
    /// Waits for the lock without a time limit; `None` when there is no such checkpoint.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock(mut transaction: Transaction<'c, Postgres>, name: &str) -> sqlx::Result<Option<Self>> {
        let known = sqlx::query_as(concat!(
            "select name, version, position, epoch, owner, ",
            fed_by_workers!(),
            " from checkpoints
            where name = $1
            for update"
        ))
        .bind(name)
        .fetch_optional(&mut *transaction)
        .await?;
        Self::with(transaction, known).await
    }

    /// Does not wait; `None` when another transaction holds the lock.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn try_lock(mut transaction: Transaction<'c, Postgres>, name: &str) -> sqlx::Result<Option<Self>> {
        let known = sqlx::query_as(concat!(
            "select name, version, position, epoch, owner, ",
            leaves_aside!(),
            ", ",
            fed_by_workers!(),
            " from checkpoints
            where name = $1
            for update skip locked"
        ))
        .bind(name)
        .fetch_optional(&mut *transaction)
        .await?;
        Self::with(transaction, known).await
    }

    /// The same, and moves it to `through` at once if its version matches, its position is in the batch that begins
    /// after `after`, and no worker feeds it: what every batch does, in one statement.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn try_move(
        mut transaction: Transaction<'c, Postgres>,
        name: &str,
        version: i32,
        (after, through): (i64, i64),
        owner: Uuid,
    ) -> sqlx::Result<Option<Self>> {
        let known = sqlx::query_as(concat!(
            "with known as (
                select name, version, position, epoch, owner, ",
            leaves_aside!(),
            ", ",
            fed_by_workers!(),
            "
                from checkpoints
                where name = $1
                for update skip locked
            ), moved as (
                update checkpoints
                set position = $4, owner = $5, epoch = ",
            last_epoch!(),
            ", updated_at = now(), state = 'following', trouble_position = null, trouble = null
                from known
                where checkpoints.name = $1
                  and known.version = $2
                  and known.position >= $3
                  and known.position < $4
                  and not known.fed_by_workers
            )
            select * from known"
        ))
        .bind(name)
        .bind(version)
        .bind(after)
        .bind(through)
        .bind(owner)
        .fetch_optional(&mut *transaction)
        .await?;
        Self::with(transaction, known).await
    }

    async fn with(transaction: Transaction<'c, Postgres>, known: Option<Checkpoint>) -> sqlx::Result<Option<Self>> {
        match known {
            Some(known) => Ok(Some(Self { transaction, known })),
            None => transaction.rollback().await.map(|()| None),
        }
    }

    /// The checkpoint when it was locked.
    #[must_use]
    pub fn known(&self) -> &Checkpoint {
        &self.known
    }

    /// The transaction, for other statements.
    pub(crate) fn transaction(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Saves the checkpoint; effective with the commit.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn save(&mut self, version: i32, position: i64, owner: Uuid) -> sqlx::Result<()> {
        sqlx::query(concat!(
            "update checkpoints
            set version = $2, position = $3, owner = $4, epoch = ",
            last_epoch!(),
            ", updated_at = now(), state = 'following', trouble_position = null, trouble = null
            where checkpoints.name = $1",
        ))
        .bind(&self.known.name)
        .bind(version)
        .bind(position)
        .bind(owner)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }

    /// Rolls the transaction back now, not when its connection is used next: until then others would take the lock for
    /// an active follower or worker.
    ///
    /// # Errors
    /// The database's.
    pub async fn rollback(self) -> sqlx::Result<()> {
        self.transaction.rollback().await
    }
}
