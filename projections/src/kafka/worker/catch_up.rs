//! Folds partitions from the log up to where the topic takes over, a piece at a time. It is how a group
//! begins, and how it goes on where the topic cannot prove that nothing is missing.

use std::collections::BTreeMap;

use sqlx::PgPool;
use uuid::Uuid;

use crate::engine::projection::Projection;
use crate::kafka::published::Published;
use crate::log;
use crate::log::partition::partition_of_subject;

use super::SessionEnd;
use super::batch::{PartitionBatch, write};
use super::locked::OwnedPartition;

/// How many positions are read at once.
const POSITIONS: i64 = 5_000;

/// A partition that is folded from the log for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CatchUp {
    /// As it was taken over.
    pub(super) mine: OwnedPartition,
    /// How far it is folded.
    pub(super) position: i64,
    /// How far it is to be folded.
    pub(super) until: i64,
}

/// Folds the next piece of these partitions, and says up to where it went.
pub(super) async fn fold_piece<P: Projection>(
    pool: &PgPool,
    projection: &P,
    owner: Uuid,
    topic: &str,
    behind: &BTreeMap<i32, CatchUp>,
) -> Result<i64, SessionEnd> {
    let after = behind.values().map(|one| one.position).min().unwrap_or(0);
    let most = behind.values().map(|one| one.until).max().unwrap_or(0);
    let through = most.min(after + POSITIONS);
    let entries = log::read_between(&mut *pool.acquire().await?, after, through, P::STREAMS).await?;
    let events = entries.into_iter().filter(|entry| behind.contains_key(&partition_of_subject(&entry.subject)));
    let piece = PartitionBatch {
        mine: behind.iter().map(|(partition, one)| (*partition, one.mine)).collect(),
        events: events.map(Published::from).collect(),
        through: Some(through),
    };
    write(pool, projection, owner, topic, &piece).await?;
    Ok(through)
}
