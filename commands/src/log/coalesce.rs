//! Many small reads that are in flight at the same moment become one query: what queued while the
//! last query ran is the next one. It knows nothing of what is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Duration, Instant};

/// How many reads may wait.
const QUEUE_READS: usize = 8_192;
/// How many reads one query may answer: few enough that those who wait do not all move in step, which
/// would leave the database idle while they think and them idle while it works.
const BATCH_READS: usize = 128;
/// How many queries may run at the same time.
const CONCURRENT_QUERIES: usize = 2;
/// A query that would answer fewer reads than this waits for more …
const FEW_READS: usize = 16;
/// … until so many times as long as the last one took have passed since it began: a query costs the database much the
/// same whatever is in it, and many small ones leave nothing for those who write. Where there is nothing to spare a query
/// takes longer, so that more are gathered; who comes alone, or one after the other, does not wait …
const REST_A_QUERY: u32 = 4;
/// … and nobody longer than this …
const LONGEST_REST: Duration = Duration::from_millis(4);
/// … or for less than this, which the timer would make more of.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// How long a query may take: whoever waits longer has gone, and a network that breaks says nothing.
const QUERY_TIME_LIMIT: Duration = Duration::from_secs(10);

/// Why a read was not answered.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// Too many reads wait already.
    #[error("too many reads are waiting")]
    Overloaded,
    /// The database is out of reach.
    #[error("the database cannot be reached")]
    Unavailable,
    /// What was read does not make sense: a defect, or somebody changed the database.
    #[error("{0}")]
    Broken(Arc<str>),
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        match crate::failure::classify(&error) {
            crate::failure::Failure::Away | crate::failure::Failure::Retryable => Self::Unavailable,
            crate::failure::Failure::Constraint(_) | crate::failure::Failure::Defect => {
                Self::Broken(error.to_string().into())
            }
        }
    }
}

/// Whether a query for few reads waits for more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gathering {
    /// It waits while queries take long, which they do where the machine has nothing to spare.
    WhileSlow,
    /// It never waits: for queries that take long by what they read.
    AtOnce,
}

type Waiting<K, V> = (K, oneshot::Sender<Result<V, ReadError>>);

/// Gathers reads of values by key.
#[derive(Debug)]
pub struct Coalescer<K, V> {
    queue: mpsc::Sender<Waiting<K, V>>,
}

impl<K, V> Clone for Coalescer<K, V> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<K: Send + 'static, V: Send + 'static> Coalescer<K, V> {
    /// Starts the reading task over `read`, which answers every key it is given, in order.
    /// The task ends when the last handle is gone.
    pub fn start<R>(gathering: Gathering, read: R) -> Self
    where
        R: Fn(Vec<K>) -> BoxFuture<'static, Result<Vec<V>, ReadError>> + Send + 'static,
    {
        Self::within(QUERY_TIME_LIMIT, gathering, read)
    }

    fn within<R>(limit: Duration, gathering: Gathering, read: R) -> Self
    where
        R: Fn(Vec<K>) -> BoxFuture<'static, Result<Vec<V>, ReadError>> + Send + 'static,
    {
        let (queue, mut inbox) = mpsc::channel::<Waiting<K, V>>(QUEUE_READS);
        let running = Arc::new(Semaphore::new(CONCURRENT_QUERIES));
        tokio::spawn(async move {
            let mut waiting = Vec::with_capacity(BATCH_READS);
            let took = Arc::new(AtomicU64::new(0));
            let mut begun = Instant::now();
            while let Ok(permit) = running.clone().acquire_owned().await {
                if inbox.recv_many(&mut waiting, BATCH_READS).await == 0 {
                    break;
                }
                if gathering == Gathering::WhileSlow {
                    gather(&mut inbox, &mut waiting, begun + rest(Duration::from_micros(took.load(Relaxed)))).await;
                }
                begun = Instant::now();
                let (keys, callers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
                let (reading, took) = (read(keys), took.clone());
                tokio::spawn(async move {
                    let read = tokio::time::timeout(limit, reading).await;
                    took.store(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), Relaxed);
                    answer(callers, read.unwrap_or(Err(ReadError::Unavailable)));
                    drop(permit);
                });
            }
        });
        Self { queue }
    }

    /// Reads one value.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn read(&self, key: K) -> Result<V, ReadError> {
        let (caller, answer) = oneshot::channel();
        self.queue.try_send((key, caller)).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => ReadError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => ReadError::Unavailable,
        })?;
        answer.await.unwrap_or(Err(ReadError::Unavailable))
    }
}

/// How long after a query began the next one waits for company.
fn rest(took: Duration) -> Duration {
    took.saturating_mul(REST_A_QUERY).min(LONGEST_REST)
}

/// Waits for more while there are few, up to a moment.
async fn gather<T>(inbox: &mut mpsc::Receiver<T>, waiting: &mut Vec<T>, until: Instant) {
    let over = tokio::time::sleep_until(until);
    tokio::pin!(over);
    while waiting.len() < FEW_READS && until.saturating_duration_since(Instant::now()) >= SHORTEST_WAIT {
        let room = BATCH_READS - waiting.len();
        tokio::select! {
            () = &mut over => break,
            came = inbox.recv_many(waiting, room) => if came == 0 { break },
        }
    }
}

/// A caller that went away needs no answer.
fn answer<V>(callers: Vec<oneshot::Sender<Result<V, ReadError>>>, read: Result<Vec<V>, ReadError>) {
    match read {
        Ok(values) => {
            for (caller, value) in callers.into_iter().zip(values) {
                let _ = caller.send(Ok(value));
            }
        }
        Err(error) => {
            for caller in callers {
                let _ = caller.send(Err(error.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);
    const SOON: Duration = Duration::from_secs(20);

    /// What is gathered when some wait already, and others have come or come while it is waited for them.
    async fn gathered(waiting: usize, come: usize, come_later: usize, until: Instant) -> usize {
        let (queue, mut inbox) = mpsc::channel(QUEUE_READS);
        (0..come).for_each(|number| queue.try_send(number).unwrap());
        let later = tokio::spawn(async move {
            for number in 0..come_later {
                tokio::task::yield_now().await;
                queue.send(number).await.unwrap();
            }
            // the queue stays open as long as somebody waits for more
            std::future::pending::<()>().await;
        });
        let mut all = vec![0; waiting];
        let gathering = gather(&mut inbox, &mut all, until);
        tokio::time::timeout(SOON, gathering).await.expect("it does not wait any longer");
        later.abort();
        all.len()
    }

    #[tokio::test]
    async fn a_query_for_few_waits_for_more_until_it_is_rested_and_one_for_many_does_not_wait() {
        let now = Instant::now();
        assert_eq!(gathered(1, 0, 0, now).await, 1, "who comes alone after a rest");
        assert_eq!(gathered(1, 0, 0, now + LONGEST_REST).await, 1, "nobody else comes");
        assert_eq!(gathered(FEW_READS, 5, 0, now + LONG).await, FEW_READS, "many wait already");
        assert_eq!(gathered(1, FEW_READS, 0, now + LONG).await, FEW_READS + 1, "many have come meanwhile");
        assert_eq!(gathered(1, 2, FEW_READS - 3, now + LONG).await, FEW_READS, "they become many");
        assert!(gathered(1, 2 * BATCH_READS, 0, now + LONG).await <= BATCH_READS, "never more than a query answers");
    }

    #[tokio::test]
    async fn a_query_that_is_never_answered_is_given_up_and_the_next_ones_are_read() {
        let reads = Coalescer::within(Duration::from_millis(20), Gathering::WhileSlow, |numbers: Vec<u64>| {
            Box::pin(async move {
                if numbers.contains(&0) {
                    std::future::pending::<()>().await;
                }
                Ok(numbers)
            })
        });
        for _ in 0..=CONCURRENT_QUERIES {
            assert!(matches!(reads.read(0).await, Err(ReadError::Unavailable)));
        }
        assert_eq!(reads.read(7).await.unwrap(), 7);
    }

    #[test]
    fn it_rests_as_long_as_its_queries_take_and_no_longer_than_a_few_milliseconds() {
        let micros = Duration::from_micros;
        assert_eq!([rest(micros(0)), rest(micros(300)), rest(LONG)], [micros(0), micros(1_200), LONGEST_REST]);
        assert_eq!(rest(Duration::MAX), LONGEST_REST);
    }

    #[tokio::test]
    async fn nobody_waits_for_those_who_cannot_come() {
        let (queue, mut inbox) = mpsc::channel::<usize>(1);
        drop(queue);
        let mut waiting = vec![0];
        let gathering = gather(&mut inbox, &mut waiting, Instant::now() + LONG);
        tokio::time::timeout(SOON, gathering).await.expect("it does not wait");
        assert_eq!(waiting.len(), 1);
    }
}
