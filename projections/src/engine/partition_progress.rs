//! The progress of each partition of a projection that workers feed, and from it one position for the whole.
//! `kafka::worker` decides who may move a partition.
//!
//! An event is folded when its position is not beyond that of its subject's partition. **The position of the whole is the
//! one before the first event that concerns the projection and is not folded**; without such an event it is the head of
//! the log, so that a partition without new events holds nobody back.

use sqlx::postgres::PgConnection;

use crate::log::Entry;
use crate::log::partition::{PARTITIONS, partition_of_subject};

/// How far every partition is folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionProgress {
    /// The positions by partition.
    positions: Vec<i64>,
}

impl PartitionProgress {
    /// The position up to which each partition is folded, from the first to the last.
    #[must_use]
    pub fn new(positions: Vec<i64>) -> Self {
        Self { positions }
    }

    /// The position up to which the events of a subject are folded.
    #[must_use]
    pub fn of(&self, subject: &str) -> i64 {
        usize::try_from(partition_of_subject(subject))
            .ok()
            .and_then(|index| self.positions.get(index).copied())
            .unwrap_or(0)
    }

    /// Whether the event of a subject at a position is folded.
    #[must_use]
    pub fn has(&self, subject: &str, position: i64) -> bool {
        position <= self.of(subject)
    }

    /// The highest position of any partition.
    #[must_use]
    pub fn furthest(&self) -> i64 {
        self.positions.iter().copied().max().unwrap_or(0)
    }

    /// The position of the whole. `events` are those of the projection's streams, by position and subject, in the order
    /// of the log, from a position of the whole known before up to `through`.
    pub fn folded_through<'a>(&self, events: impl IntoIterator<Item = (i64, &'a str)>, through: i64) -> i64 {
        let first = events.into_iter().find(|(position, subject)| !self.has(subject, *position));
        first.map_or(through, |(position, _)| position - 1)
    }

    /// The same for entries.
    pub(crate) fn folded_through_entries<'a>(&self, entries: impl IntoIterator<Item = &'a Entry>, through: i64) -> i64 {
        self.folded_through(entries.into_iter().map(|entry| (entry.position, entry.subject.as_str())), through)
    }
}

/// The progress of a projection's workers; `None` when a follower feeds it.
///
/// # Errors
/// The database's.
pub(crate) async fn of(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<PartitionProgress>> {
    let rows: Vec<(i32, i64)> =
        sqlx::query_as("select partition, position from worker_partitions where follower = $1 order by partition")
            .bind(name)
            .fetch_all(conn)
            .await?;
    Ok(gathered(rows))
}

/// The same, and blocks the projection's workers until the end of the transaction. Lock order: the checkpoint first.
///
/// # Errors
/// The database's.
pub(crate) async fn lock(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<PartitionProgress>> {
    let rows: Vec<(i32, i64)> = sqlx::query_as(
        "select partition, position from worker_partitions where follower = $1 order by partition for update",
    )
    .bind(name)
    .fetch_all(conn)
    .await?;
    Ok(gathered(rows))
}

/// Whether a worker holds a partition of the projection.
///
/// # Errors
/// The database's.
pub(crate) async fn is_attended(conn: &mut PgConnection, name: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "select exists (select from worker_partitions where follower = $1 and attended_until > clock_timestamp())",
    )
    .bind(name)
    .fetch_one(conn)
    .await
}

/// Raises all partitions to at least a position. With a new version of the rows, the present owners may no longer
/// write.
///
/// # Errors
/// The database's.
pub(crate) async fn raise(conn: &mut PgConnection, name: &str, position: i64, new_version: bool) -> sqlx::Result<()> {
    sqlx::query(
        "update worker_partitions
        set position = greatest(position, $2), epoch = epoch + $3::boolean::integer, updated_at = now()
        where follower = $1",
    )
    .bind(name)
    .bind(position)
    .bind(new_version)
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the feeding by workers, who may no longer write.
///
/// # Errors
/// The database's.
pub(crate) async fn end(conn: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    sqlx::query("delete from worker_partitions where follower = $1").bind(name).execute(conn).await?;
    Ok(())
}

/// Saves the position of the whole, for processes that start later.
///
/// # Errors
/// The database's.
pub(crate) async fn note(conn: &mut PgConnection, name: &str, position: i64) -> sqlx::Result<()> {
    sqlx::query(
        "update checkpoints
        set position = $2, epoch = log_head.epoch, updated_at = now()
        from log_head
        where checkpoints.name = $1
          and checkpoints.position < $2
          and exists (select from worker_partitions where follower = $1)",
    )
    .bind(name)
    .bind(position)
    .execute(conn)
    .await?;
    Ok(())
}

fn gathered(rows: Vec<(i32, i64)>) -> Option<PartitionProgress> {
    if rows.is_empty() {
        return None;
    }
    let mut positions = vec![0; usize::try_from(PARTITIONS).unwrap_or_default()];
    for (partition, position) in rows {
        if let Some(known) = usize::try_from(partition).ok().and_then(|index| positions.get_mut(index)) {
            *known = position;
        }
    }
    Some(PartitionProgress { positions })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A log of a few subjects, some of whose events are folded: each partition up to where it likes.
    fn log_and_progress() -> impl Strategy<Value = (Vec<(i64, String)>, Vec<i64>, i64)> {
        let events = prop::collection::vec((any::<bool>(), 0..40_u32), 0..60);
        (events, prop::collection::vec(0..70_i64, 12), 0..5_i64).prop_map(|(events, positions, beyond)| {
            let concerning: Vec<_> = events
                .iter()
                .zip(1..)
                .filter(|((concerns, _), _)| *concerns)
                .map(|((_, subject), position)| (position, format!("subject {subject}")))
                .collect();
            let head = i64::try_from(events.len()).unwrap_or(0) + beyond;
            (concerning, positions, head)
        })
    }

    proptest! {
        /// What a reader is promised, told the long way round: all events that concern the projection up to
        /// the position are folded, and the next one is not, or there is none.
        #[test]
        fn everything_up_to_the_position_of_the_whole_is_folded_and_it_is_the_last_such(
            (events, positions, head) in log_and_progress()
        ) {
            let progress = PartitionProgress::new(positions.clone());
            let through = progress.folded_through(events.iter().map(|(at, subject)| (*at, subject.as_str())), head);
            let folded = |(at, subject): &(i64, String)| *at <= positions[partition_of_subject(subject) as usize];
            prop_assert!(events.iter().filter(|event| event.0 <= through).all(folded));
            match events.iter().find(|event| event.0 > through) {
                Some(next) => prop_assert!(next.0 == through + 1 && !folded(next)),
                None => prop_assert_eq!(through, head),
            }
        }

        /// It never goes back while partitions go on, wherever the look began.
        #[test]
        fn it_never_goes_back(
            (events, positions, head) in log_and_progress(),
            steps in prop::collection::vec((0..12_usize, 0..20_i64), 0..20),
        ) {
            let mut progress = PartitionProgress::new(positions);
            let from_the_start = |progress: &PartitionProgress| {
                progress.folded_through(events.iter().map(|(at, subject)| (*at, subject.as_str())), head)
            };
            let mut known = from_the_start(&progress);
            for (partition, further) in steps {
                progress.positions[partition] += further;
                let rest = events.iter().filter(|event| event.0 > known);
                let next = progress.folded_through(rest.map(|(at, subject)| (*at, subject.as_str())), head);
                prop_assert!(next >= known);
                prop_assert_eq!(next, from_the_start(&progress));
                known = next;
            }
        }
    }

    #[test]
    fn a_partition_to_which_nothing_came_holds_nobody_back() {
        let mut positions = vec![0; 12];
        positions[partition_of_subject("mina") as usize] = 7;
        let progress = PartitionProgress::new(positions);
        assert_eq!(progress.folded_through([(3, "mina"), (7, "mina")], 90), 90);
        let other = (0..).map(|n| n.to_string()).find(|key| partition_of_subject(key) != partition_of_subject("mina"));
        let other = other.unwrap_or_default();
        assert_eq!(progress.folded_through([(3, "mina"), (8, &other)], 90), 7, "until something does");
    }
}
