//! The fence of a worker's writes: the rows of its partitions, locked in the transaction that folds a batch of them.

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::engine::checkpoint::leaves_aside;

use super::table::{ATTENDED_MS, ResumePoint};

/// A partition as its member knows it since it was taken over, or saved last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OwnedPartition {
    /// The epoch with which it was taken over.
    pub(super) epoch: i64,
    /// The saved offset.
    pub(super) saved_offset: Option<i64>,
    /// Where to continue reading after the batch; `None` keeps the saved place.
    pub(super) place: Option<ResumePoint>,
}

/// A row of `worker_partitions`, with the epoch of the log.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct LockedPartition {
    pub(super) partition: i32,
    pub(super) epoch: i64,
    pub(super) position: i64,
    pub(super) next_offset: Option<i64>,
    pub(super) head: i64,
    pub(super) head_epoch: i64,
    pub(super) leaves_aside: bool,
}

/// The new progress of a partition: the position up to which it is folded, and where to continue reading; without a
/// place the saved one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Advance {
    pub(super) partition: i32,
    pub(super) through: i64,
    pub(super) place: Option<ResumePoint>,
}

/// A transaction that has locked the rows of all partitions of a batch under the epochs with which they were taken
/// over. Progress can be saved through it alone.
#[derive(Debug)]
pub(super) struct LockedPartitions<'c> {
    transaction: Transaction<'c, Postgres>,
    name: &'static str,
    rows: Vec<LockedPartition>,
}

impl<'c> LockedPartitions<'c> {
    /// Locks the rows; `None` when another member has taken one of them over, or when one was set back, as in a
    /// restored database, which may still name the same owner.
    pub(super) async fn lock(
        mut transaction: Transaction<'c, Postgres>,
        name: &'static str,
        owner: Uuid,
        partitions: &BTreeMap<i32, OwnedPartition>,
    ) -> sqlx::Result<Option<Self>> {
        let rows: Vec<LockedPartition> = sqlx::query_as(concat!(
            "select ours.partition, ours.epoch, ours.position, ours.next_offset,
                    log_head.position as head, log_head.epoch as head_epoch, ",
            leaves_aside!("$1"),
            " from worker_partitions as ours
            cross join log_head
            where ours.follower = $1
              and ours.owner = $2
              and ours.partition = any($3)
            order by ours.partition
            for update of ours",
        ))
        .bind(name)
        .bind(owner)
        .bind(partitions.keys().copied().collect::<Vec<_>>())
        .fetch_all(&mut *transaction)
        .await?;
        let is_ours = |row: &LockedPartition| {
            let known = partitions.get(&row.partition);
            known.is_some_and(|known| known.epoch == row.epoch && known.saved_offset == row.next_offset)
        };
        if rows.len() == partitions.len() && rows.iter().all(is_ours) {
            return Ok(Some(Self { transaction, name, rows }));
        }
        transaction.rollback().await?;
        Ok(None)
    }

    /// The transaction, for other statements of the batch, and the locked rows.
    pub(super) fn transaction(&mut self) -> (&mut PgConnection, &[LockedPartition]) {
        (&mut self.transaction, &self.rows)
    }

    /// Saves the progress of partitions; effective with the commit.
    pub(super) async fn save(
        &mut self,
        topic: &str,
        advances: impl Iterator<Item = Advance> + Clone,
    ) -> sqlx::Result<()> {
        sqlx::query(
            "update worker_partitions as known
            set position = greatest(known.position, step.through),
                topic = case when step.next_offset is null then known.topic else $2 end,
                next_offset = coalesce(step.next_offset, known.next_offset),
                seen_position = coalesce(step.seen_position, known.seen_position),
                attended_until = clock_timestamp() + $3 * interval '1 millisecond',
                updated_at = now()
            from unnest($4::integer[], $5::bigint[], $6::bigint[], $7::bigint[])
                as step(partition, through, next_offset, seen_position)
            where known.follower = $1
              and known.partition = step.partition",
        )
        .bind(self.name)
        .bind(topic)
        .bind(ATTENDED_MS)
        .bind(advances.clone().map(|advance| advance.partition).collect::<Vec<_>>())
        .bind(advances.clone().map(|advance| advance.through).collect::<Vec<_>>())
        .bind(advances.clone().map(|advance| advance.place.map(|place| place.offset)).collect::<Vec<_>>())
        .bind(advances.map(|advance| advance.place.map(|place| place.seen)).collect::<Vec<_>>())
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// Commits the transaction.
    pub(super) async fn commit(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }

    /// Rolls the transaction back.
    pub(super) async fn rollback(self) -> sqlx::Result<()> {
        self.transaction.rollback().await
    }
}
