//! Folds partitions from the log, a chunk at a time, up to where reading the topic takes over: at the first start of a
//! group, and whenever the topic cannot prove that no message is missing.

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

/// How many positions one chunk has.
const POSITIONS: i64 = 5_000;

/// A partition that is being folded from the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CatchUp {
    /// Its row when it was taken over.
    pub(super) mine: OwnedPartition,
    /// The position up to which it is folded.
    pub(super) position: i64,
    /// The position at which the topic takes over.
    pub(super) until: i64,
}

/// Folds the next chunk of these partitions; the result is its last position.
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
