//! A checkpoint whose row is locked: saved in the transaction that writes what it stands for, or not at all. Whoever else
//! wants it waits, or stands by.

use sqlx::postgres::PgConnection;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Checkpoint, fed_by_workers, last_epoch, leaves_aside};

/// A transaction that holds the lock of a checkpoint. It ends with the transaction.
#[derive(Debug)]
pub struct LockedCheckpoint<'c> {
    transaction: Transaction<'c, Postgres>,
    /// As it was when it was locked.
    known: Checkpoint,
}

impl<'c> LockedCheckpoint<'c> {
    /// Waits for the lock, however long that takes; `None` when there is no such checkpoint.
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

    /// Does not wait; `None` when somebody else holds the lock.
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

    /// The same, and it is moved to `through` already where its version is this one, its position lies in the piece that
    /// begins after `after`, and no worker feeds it. One statement for what every batch does.
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

    /// As it was when it was locked.
    #[must_use]
    pub fn known(&self) -> &Checkpoint {
        &self.known
    }

    /// For what belongs into the same transaction.
    pub(crate) fn transaction(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Saves it. It counts when the transaction is committed.
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

    /// Ends the transaction; what was written in it counts.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }

    /// Ends the transaction now, not when its connection is used next: until then the lock would look like another
    /// follower, or a worker.
    ///
    /// # Errors
    /// The database's.
    pub async fn rollback(self) -> sqlx::Result<()> {
        self.transaction.rollback().await
    }
}
