//! What a command does when others change the same streams: it waits for its turn among those of this process, and is
//! decided anew for as long as a request may wait where another process was faster. Losing a race is never an answer.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use domain::LedgerAggregate;
use rand::Rng as _;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::ledger::CommandError;
use crate::ledger::Ledger;
use crate::ledger::stream_key;
use crate::ledger::stream_locks::{Access, Held, StreamLocks};
use crate::log::append::StreamKey;

/// How long a command waits and is decided anew. Less than a request may take (30 s), so that whoever asked is told that
/// nothing was written.
const PATIENCE: Duration = Duration::from_secs(20);
/// The pause after a race was lost to another process; it doubles …
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// … up to this. Each pause is between half and all of it, so that those who met do not meet again.
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// The time was up before it was the command's turn; nothing was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the command timed out while waiting for its stream")]
pub struct TimeIsUp;

impl<R> From<TimeIsUp> for CommandError<R> {
    fn from(TimeIsUp: TimeIsUp) -> Self {
        Self::Overloaded
    }
}

/// The patience of one command, and the streams that it holds until it is dropped. Whoever holds one must not send
/// another command to the same stream.
#[derive(Debug)]
pub struct Retry {
    locks: Arc<StreamLocks>,
    deadline: Instant,
    wanted: BTreeMap<StreamKey, Access>,
    held: Vec<Held>,
    pause: Duration,
}

impl Ledger {
    /// A command's patience with others, from now on.
    #[must_use]
    pub fn retry(&self) -> Retry {
        Retry::within(PATIENCE, self.shared.locks.clone())
    }
}

impl Retry {
    fn within(patience: Duration, locks: Arc<StreamLocks>) -> Self {
        let deadline = Instant::now() + patience;
        Self { locks, deadline, wanted: BTreeMap::new(), held: vec![], pause: FIRST_PAUSE }
    }

    /// Waits for the turn on a stream that shall be written.
    ///
    /// # Errors
    /// [`TimeIsUp`].
    pub async fn turn<A: LedgerAggregate>(&mut self, id: &str) -> Result<(), TimeIsUp> {
        self.want(stream_key::<A>(id), Access::Write).await
    }

    /// Whether to decide anew after a stream that was to be written has gone on meanwhile.
    pub async fn after_conflict(&mut self, stream: &StreamKey) -> bool {
        self.after(stream, Access::Write).await
    }

    /// The same for a stream that was read for the decision.
    pub(crate) async fn after_outdated(&mut self, stream: &StreamKey) -> bool {
        self.after(stream, Access::Read).await
    }

    /// Whoever has the turn has lost to another process, and waits a moment; all others wait for the turn.
    async fn after(&mut self, stream: &StreamKey, access: Access) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        if self.wanted.get(stream).is_none_or(|had| *had < access) {
            return self.want(stream.clone(), access).await.is_ok();
        }
        let pause = self.pause.mul_f64(rand::rng().random_range(0.5..=1.0));
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        sleep_until(self.deadline.min(Instant::now() + pause)).await;
        true
    }

    /// All that is wanted is taken in one order by everybody, so that nobody waits for somebody who waits for them.
    async fn want(&mut self, stream: StreamKey, access: Access) -> Result<(), TimeIsUp> {
        match self.wanted.entry(stream) {
            Entry::Occupied(mut had) => _ = had.insert(access.max(*had.get())),
            Entry::Vacant(new) => _ = new.insert(access),
        }
        self.held.clear();
        for (stream, access) in &self.wanted {
            let turn = self.locks.clone().hold(stream.clone(), *access);
            self.held.push(timeout_at(self.deadline, turn).await.map_err(|_| TimeIsUp)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::campaign::Campaign;
    use domain::claim::Claim;
    use futures::FutureExt as _;

    use super::*;

    const SHORT: Duration = Duration::from_millis(150);

    fn two(patience: Duration) -> (Retry, Retry) {
        let locks = Arc::new(StreamLocks::default());
        (Retry::within(patience, locks.clone()), Retry::within(patience, locks))
    }

    #[tokio::test]
    async fn who_has_the_turn_and_loses_to_another_process_tries_until_the_time_is_up() {
        let begun = Instant::now();
        let (mut retry, _) = two(SHORT);
        let stream = stream_key::<Campaign>("a");
        retry.turn::<Campaign>("a").await.unwrap();
        let mut tries = 0;
        while retry.after_conflict(&stream).await {
            tries += 1;
        }
        assert!(begun.elapsed() >= SHORT);
        assert!((2..1_000).contains(&tries), "{tries}: it neither gives up at once nor spins");
    }

    #[tokio::test]
    async fn who_waits_for_a_turn_that_never_comes_is_told_that_the_time_is_up() {
        let (mut first, mut second) = two(SHORT);
        first.turn::<Campaign>("a").await.unwrap();
        assert_eq!(second.turn::<Campaign>("a").await, Err(TimeIsUp));
        drop(first);
        assert!(!second.after_conflict(&stream_key::<Campaign>("a")).await, "its time is over for good");
    }

    #[tokio::test]
    async fn two_that_come_to_want_the_same_streams_from_both_ends_do_not_wait_for_each_other() {
        let (mut first, mut second) = two(PATIENCE);
        first.turn::<Campaign>("a").await.unwrap();
        second.turn::<Claim>("b").await.unwrap();
        let (campaign, claim) = (stream_key::<Campaign>("a"), stream_key::<Claim>("b"));
        let first = async {
            assert!(first.after_conflict(&claim).await);
            drop(first);
        };
        let second = async {
            assert!(second.after_conflict(&campaign).await);
            drop(second);
        };
        let both = futures::future::join(first, second);
        tokio::time::timeout(PATIENCE / 2, both).await.expect("neither waits until the time is up");
    }

    #[tokio::test]
    async fn those_that_only_read_a_stream_share_it_and_hold_back_who_writes_it() {
        let (mut first, mut second) = two(PATIENCE);
        let stream = stream_key::<Campaign>("a");
        assert!(first.after_outdated(&stream).await);
        assert!(second.after_outdated(&stream).now_or_never().expect("they share it"));
        let mut writer = Retry::within(PATIENCE, first.locks.clone());
        assert!(writer.turn::<Campaign>("a").now_or_never().is_none());
    }
}
