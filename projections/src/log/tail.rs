//! The last entries of the log, cached once for all followers of a process, with the time at which each came: the
//! followers' lag is measured from that. The writer of this process hands over what it commits; other entries are read by
//! the first follower that needs them. A follower that is further back reads the log itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::chain::Chained;
use sqlx::postgres::PgConnection;

use crate::log::{self, Entry};

/// How many entries are kept.
const KEPT: usize = 4_096;
/// More new entries than this are not read into the cache: followers take larger batches then.
const MOST_AT_ONCE: i64 = 1_000;
/// How many moments are kept.
const KEPT_MOMENTS: usize = 1_024;

/// Shared by the ticker, which announces the head, and the followers, which read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    kept: Arc<Mutex<Buffer>>,
    /// One follower reads, and the others find the entries in the cache.
    reading: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct Buffer {
    /// The entries after this position, without a hole.
    after: i64,
    entries: VecDeque<Arc<Entry>>,
    /// (up to which position, since when).
    moments: VecDeque<(i64, Instant)>,
}

impl Buffer {
    fn through(&self) -> i64 {
        self.after + i64::try_from(self.entries.len()).unwrap_or_default()
    }

    /// Appends an entry if it is the next one, and evicts the oldest.
    fn keep(&mut self, entry: Arc<Entry>) {
        if entry.position != self.through() + 1 {
            return;
        }
        self.entries.push_back(entry);
        if self.entries.len() > KEPT {
            self.entries.pop_front();
            self.after += 1;
        }
    }

    /// Empties the cache; the next entry is the one after a position.
    fn start_after(&mut self, position: i64) {
        (self.after, self.entries) = (position, VecDeque::new());
    }
}

impl Tail {
    fn kept(&self) -> MutexGuard<'_, Buffer> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log reached a position at a moment.
    pub(crate) fn ends_at(&self, through: i64, since: Instant) {
        let mut kept = self.kept();
        if kept.moments.back().is_none_or(|(known, _)| *known < through) {
            kept.moments.push_back((through, since));
        }
        if kept.moments.len() > KEPT_MOMENTS {
            kept.moments.pop_front();
        }
    }

    /// Caches what this process has committed, if it directly follows the cached entries; otherwise it is read from the
    /// database like entries of other processes.
    pub(crate) fn take(&self, written: &[Chained<'_>]) {
        let mut kept = self.kept();
        let next = kept.through() + 1;
        if written.first().is_some_and(|first| first.sealed.position == next) {
            written.iter().for_each(|event| kept.keep(Arc::new(event.into())));
        }
    }

    /// Empties the cache: the database was lost, and what comes back may be a copy without the last entries.
    pub(crate) fn forget(&self) {
        self.kept().start_after(0);
    }

    /// The entries of some stream types (none named: of all) after one position and up to another, which the log has:
    /// those that are kept, or, when they are too many or too long ago, read for this caller alone. For a connection whose
    /// plans are kept.
    pub(crate) async fn read(
        &self,
        conn: &mut PgConnection,
        after: i64,
        through: i64,
        streams: &[&str],
    ) -> sqlx::Result<Vec<Arc<Entry>>> {
        if let Some(entries) = self.between(after, through, streams) {
            return Ok(entries);
        }
        self.extend(conn, through).await?;
        match self.between(after, through, streams) {
            Some(entries) => Ok(entries),
            None => Ok(log::read_between(conn, after, through, streams).await?.into_iter().map(Arc::new).collect()),
        }
    }

    async fn extend(&self, conn: &mut PgConnection, through: i64) -> sqlx::Result<()> {
        let _reading = self.reading.lock().await;
        let known = {
            let mut kept = self.kept();
            if through <= kept.through() {
                return Ok(());
            }
            if through - kept.through() > MOST_AT_ONCE {
                kept.start_after(through);
                return Ok(());
            }
            kept.through()
        };
        let read = log::read_next(conn, known, through).await?;
        let mut kept = self.kept();
        // meanwhile others may have been taken
        read.into_iter().for_each(|entry| kept.keep(Arc::new(entry)));
        if kept.through() < through {
            // a hole would be the end of counting by position; it cannot be, and then nothing is kept
            kept.start_after(through);
        }
        Ok(())
    }

    fn between(&self, after: i64, through: i64, streams: &[&str]) -> Option<Vec<Arc<Entry>>> {
        let kept = self.kept();
        if after < kept.after || through > kept.through() {
            return None;
        }
        let (first, last) = (usize::try_from(after - kept.after).ok()?, usize::try_from(through - kept.after).ok()?);
        let wanted = |entry: &&Arc<Entry>| streams.is_empty() || streams.contains(&entry.aggregate_type.as_str());
        Some(kept.entries.range(first..last).filter(wanted).cloned().collect())
    }

    /// How long a position has been in the log, as far as this process saw it come.
    pub(crate) fn age(&self, position: i64) -> Option<Duration> {
        let kept = self.kept();
        let index = kept.moments.partition_point(|(through, _)| *through < position);
        // what came before the first kept moment came at an unknown one
        kept.moments.get(index).filter(|_| index > 0).map(|(_, since)| since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use domain::Moment;
    use domain::chain::{GENESIS, Sealed};
    use uuid::Uuid;

    use super::*;

    fn written(position: i64) -> Chained<'static> {
        let sealed = Sealed {
            position,
            epoch: 1,
            event_id: Uuid::nil(),
            stream_type: "claim",
            stream_id: "one",
            sequence: position,
            event_type: "claim.granted",
            version: "1",
            subject: "somebody",
            payload: "{}",
            metadata: "{}",
            occurred_at: Moment::EPOCH,
            recorded_at: Moment::EPOCH,
            command_id: Uuid::nil(),
            actor: "system",
            correlation_id: Uuid::nil(),
            causation_id: None,
            previous_hash: GENESIS,
        };
        Chained { sealed, hash: GENESIS, opens_command: true }
    }

    fn take(tail: &Tail, positions: std::ops::RangeInclusive<i64>) {
        tail.take(&positions.map(written).collect::<Vec<_>>());
    }

    fn positions(tail: &Tail, after: i64, through: i64) -> Option<Vec<i64>> {
        Some(tail.between(after, through, &[])?.iter().map(|entry| entry.position).collect())
    }

    #[test]
    fn what_was_written_is_kept_where_it_comes_right_behind_what_is_kept() {
        let tail = Tail::default();
        take(&tail, 1..=3);
        take(&tail, 4..=4);
        assert_eq!(positions(&tail, 0, 4), Some(vec![1, 2, 3, 4]));
        assert_eq!(positions(&tail, 2, 3), Some(vec![3]));
        for elsewhere in [6..=7, 3..=5, 4..=4] {
            take(&tail, elsewhere);
            assert_eq!(positions(&tail, 0, 5), None, "nothing is kept behind a hole, and nothing twice");
        }
        take(&tail, 5..=5);
        assert_eq!(positions(&tail, 3, 5), Some(vec![4, 5]));
    }

    #[test]
    fn nothing_is_kept_of_a_database_that_was_lost() {
        let tail = Tail::default();
        take(&tail, 1..=3);
        tail.forget();
        assert_eq!(positions(&tail, 0, 3), None);
        take(&tail, 3..=4);
        assert_eq!(positions(&tail, 2, 4), None, "what is before it is not known");
    }

    #[test]
    fn the_oldest_is_let_go() {
        let (tail, all) = (Tail::default(), i64::try_from(KEPT).unwrap() + 10);
        take(&tail, 1..=all);
        assert_eq!(positions(&tail, 9, 11), None);
        assert_eq!(positions(&tail, 10, all).map(|kept| kept.len()), Some(KEPT));
    }
}
