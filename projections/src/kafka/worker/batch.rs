//! Folds a batch of events of some partitions in one transaction with their progress. Writes nothing when another
//! member has taken one of the partitions over.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Connection;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::engine::error::FollowError;
use crate::engine::fold::{FoldMode, Folded, fold};
use crate::engine::parked::{self, LeftOut};
use crate::engine::projection::Projection;
use crate::kafka::published::Published;
use crate::log::partition::partition_of_subject;

use super::SessionEnd;
use super::locked::{Advance, LockedPartition, LockedPartitions, OwnedPartition};

/// A batch of events of some partitions.
#[derive(Debug)]
pub(super) struct PartitionBatch {
    /// The partitions.
    pub(super) mine: BTreeMap<i32, OwnedPartition>,
    /// Their events.
    pub(super) events: Vec<Published>,
    /// The position up to which the batch has all events of these partitions. `None` for events of the topic: up to the
    /// last event of each partition.
    pub(super) through: Option<i64>,
}

/// Folds a batch; events that were folded already are skipped.
pub(super) async fn write<P: Projection>(
    pool: &PgPool,
    projection: &P,
    owner: Uuid,
    topic: &str,
    piece: &PartitionBatch,
) -> Result<(), SessionEnd> {
    if attempt(pool, projection, owner, topic, piece, FoldMode::AtOnce).await? {
        return Ok(());
    }
    match attempt(pool, projection, owner, topic, piece, FoldMode::OneByOne).await? {
        true => Ok(()),
        false => Err(FollowError::Trouble("an event that was folded alone still spoils its batch".to_owned()).into()),
    }
}

/// `false` when the batch must be folded again, one event at a time.
async fn attempt<P: Projection>(
    pool: &PgPool,
    projection: &P,
    owner: Uuid,
    topic: &str,
    piece: &PartitionBatch,
    pace: FoldMode,
) -> Result<bool, SessionEnd> {
    let mut conn = pool.acquire().await?;
    let locked = LockedPartitions::lock(conn.begin().await?, P::NAME, owner, &piece.mine).await?;
    let mut locked = locked.ok_or(SessionEnd::Overtaken)?;
    let (tx, ours) = locked.transaction();
    let events = match piece.through {
        Some(_) => piece.events.clone(),
        None => of_this_log(tx, ours, &piece.events).await?,
    };
    let aside = if ours.iter().any(|ours| ours.leaves_aside) {
        parked::aside(tx, P::NAME, P::NAME).await?
    } else {
        LeftOut::default()
    };
    let mut fresh: Vec<Published> = events.iter().filter(|event| is_fresh::<P>(ours, event)).cloned().collect();
    fresh.sort_by_key(|event| event.position);
    let poison = match fold(projection, tx, fresh.into_iter().map(Published::read), &aside, pace).await? {
        Folded::Whole => None,
        Folded::Before(poison) => Some(poison),
        Folded::Spoilt => {
            locked.rollback().await?;
            return Ok(false);
        }
    };
    let before = poison.as_ref().map_or(i64::MAX, |poison| poison.position - 1);
    let advances = piece.mine.iter().map(|(partition, mine)| {
        let last = || events.iter().filter(|event| partition_of_subject(&event.subject) == *partition);
        let through = piece.through.or_else(|| last().map(|event| event.position).max()).unwrap_or(0);
        // what follows an impossible event is read once more
        Advance { partition: *partition, through: through.min(before), place: mine.place.filter(|_| poison.is_none()) }
    });
    locked.save(topic, advances).await?;
    locked.commit().await?;
    match poison {
        None => Ok(true),
        Some(poison) => Err(FollowError::Poison { position: poison.position, reason: poison.reason }.into()),
    }
}

fn is_fresh<P: Projection>(ours: &[LockedPartition], event: &Published) -> bool {
    let concerns = P::STREAMS.is_empty() || P::STREAMS.contains(&event.aggregate_type.as_str());
    let partition = partition_of_subject(&event.subject);
    concerns && ours.iter().any(|ours| ours.partition == partition && event.position > ours.position)
}

/// The events of the topic that are in this log, by position and hash. After the database was restored from a backup
/// the topic may hold events that the log no longer has.
async fn of_this_log(
    conn: &mut PgConnection,
    ours: &[LockedPartition],
    events: &[Published],
) -> sqlx::Result<Vec<Published>> {
    let (head, epoch) = ours.first().map_or((0, 0), |ours| (ours.head, ours.head_epoch));
    let sure = |event: &Published| event.epoch == epoch && event.position <= head;
    let doubtful: Vec<i64> = events.iter().filter(|event| !sure(event)).map(|event| event.position).collect();
    if doubtful.is_empty() {
        return Ok(events.to_vec());
    }
    let known: Vec<(i64, Vec<u8>)> = sqlx::query_as("select position, hash from events where position = any($1)")
        .bind(doubtful)
        .fetch_all(conn)
        .await?;
    let known: BTreeSet<_> = known.into_iter().collect();
    let is_known = |event: &Published| known.contains(&(event.position, event.hash.to_vec()));
    let (here, elsewhere): (Vec<_>, Vec<_>) = events.iter().cloned().partition(|event| sure(event) || is_known(event));
    if let Some(first) = elsewhere.first() {
        tracing::warn!(
            log.position = first.position,
            log.epoch = first.epoch,
            events = elsewhere.len(),
            "Kafka topic has events that are not in this log; worker skips them"
        );
    }
    Ok(here)
}
