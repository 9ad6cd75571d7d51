//! Many small reads that are in flight at the same moment become one query: what queued while the
//! last query ran is the next one. It knows nothing of what is read.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// How many reads may wait.
const QUEUE_READS: usize = 8_192;
/// How many reads one query may answer: few enough that those who wait do not all move in step, which
/// would leave the database idle while they think and them idle while it works.
const BATCH_READS: usize = 128;
/// How many queries may run at the same time.
const CONCURRENT_QUERIES: usize = 2;

/// Why a read was not answered.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// Too many reads wait already.
    #[error("too many reads are waiting")]
    Overloaded,
    /// The database is out of reach.
    #[error("the database is out of reach")]
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
    pub fn start<R>(read: R) -> Self
    where
        R: Fn(Vec<K>) -> BoxFuture<'static, Result<Vec<V>, ReadError>> + Send + 'static,
    {
        let (queue, mut inbox) = mpsc::channel::<Waiting<K, V>>(QUEUE_READS);
        let running = Arc::new(Semaphore::new(CONCURRENT_QUERIES));
        tokio::spawn(async move {
            let mut waiting = Vec::with_capacity(BATCH_READS);
            while let Ok(permit) = running.clone().acquire_owned().await {
                if inbox.recv_many(&mut waiting, BATCH_READS).await == 0 {
                    break;
                }
                let (keys, callers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
                let reading = read(keys);
                tokio::spawn(async move {
                    answer(callers, reading.await);
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
