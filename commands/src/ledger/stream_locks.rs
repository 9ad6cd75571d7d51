//! One queue for each stream that commands of this process want at the same moment: first come, first served.
//! A stream that nobody wants has none, so that a lock costs two look-ups in a map. It knows streams by name
//! only, and nothing of other processes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::log::append::StreamKey;

/// What a command wants with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    /// It must not go on meanwhile: others may want the same.
    Read,
    /// It shall go on: one at a time.
    Write,
}

#[derive(Debug, Default)]
pub(crate) struct StreamLocks {
    queues: Mutex<HashMap<StreamKey, Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    lock: Arc<RwLock<()>>,
    /// How many hold the lock or wait for it.
    places: usize,
}

/// A stream that is held; the next one's turn comes when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _turn: Turn,
    // dropped after the turn: the queue goes with its last place
    _place: Place,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held for what happens when they are dropped")]
enum Turn {
    Read(OwnedRwLockReadGuard<()>),
    Write(OwnedRwLockWriteGuard<()>),
}

/// A place in a queue, also of somebody who stops waiting.
#[derive(Debug)]
struct Place {
    locks: Arc<StreamLocks>,
    stream: StreamKey,
}

impl StreamLocks {
    /// Waits for its turn. Whoever stops waiting leaves the queue.
    pub(crate) async fn hold(self: Arc<Self>, stream: StreamKey, access: Access) -> Held {
        let (lock, place) = self.enqueue(stream);
        let turn = match access {
            Access::Read => Turn::Read(lock.read_owned().await),
            Access::Write => Turn::Write(lock.write_owned().await),
        };
        Held { _turn: turn, _place: place }
    }

    fn enqueue(self: Arc<Self>, stream: StreamKey) -> (Arc<RwLock<()>>, Place) {
        let lock = {
            let mut queues = self.queues();
            let queue = queues.entry(stream.clone()).or_default();
            queue.places += 1;
            queue.lock.clone()
        };
        (lock, Place { locks: self, stream })
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<StreamKey, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut queue) = self.locks.queues().entry(self.stream.clone()) {
            queue.get_mut().places -= 1;
            if queue.get().places == 0 {
                queue.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use futures::FutureExt as _;
    use tokio::task::yield_now;

    use super::*;

    fn stream(id: &str) -> StreamKey {
        StreamKey { stream_type: "campaign", stream_id: id.into() }
    }

    #[tokio::test]
    async fn writers_of_a_stream_come_one_at_a_time_and_in_the_order_in_which_they_came() {
        let locks = Arc::new(StreamLocks::default());
        let (inside, order) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(vec![])));
        let first = locks.clone().hold(stream("a"), Access::Write).await;
        let mut writers = vec![];
        for number in 0..20 {
            let (locks, inside, order) = (locks.clone(), inside.clone(), order.clone());
            writers.push(tokio::spawn(async move {
                let _held = locks.hold(stream("a"), Access::Write).await;
                assert_eq!(inside.fetch_add(1, SeqCst), 0, "nobody else is inside");
                yield_now().await;
                order.lock().unwrap().push(number);
                inside.fetch_sub(1, SeqCst);
            }));
            yield_now().await;
        }
        drop(first);
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), Vec::from_iter(0..20));
    }

    #[tokio::test]
    async fn readers_share_a_stream_and_a_writer_that_waits_is_not_passed_by_later_ones() {
        let locks = Arc::new(StreamLocks::default());
        let hold = |access| locks.clone().hold(stream("a"), access);
        let one = hold(Access::Read).await;
        let two = hold(Access::Read).now_or_never().expect("readers share it");
        let mut writer = Box::pin(hold(Access::Write));
        assert!(writer.as_mut().now_or_never().is_none(), "it waits for the readers");
        let mut late = Box::pin(hold(Access::Read));
        assert!(late.as_mut().now_or_never().is_none(), "it waits behind the writer");
        drop((one, two));
        drop(writer.await);
        late.await;
    }

    #[tokio::test]
    async fn other_streams_are_not_waited_for_and_nothing_is_kept_of_a_stream_that_nobody_wants() {
        let locks = Arc::new(StreamLocks::default());
        let held = locks.clone().hold(stream("a"), Access::Write).await;
        assert!(locks.clone().hold(stream("b"), Access::Write).now_or_never().is_some());
        let gave_up = locks.clone().hold(stream("a"), Access::Write).now_or_never();
        assert!(gave_up.is_none());
        assert_eq!(locks.queues().len(), 1);
        drop(held);
        assert!(locks.queues().is_empty());
    }
}
