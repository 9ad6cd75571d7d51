//! The only way into the log. Commands that are in flight are gathered, without a timer: what queued
//! while the last batch was written is the next batch. One batch is one statement and one fsync, and
//! the order in which it is written is the order of the log.
//!
//! It does not know what an event means, nor how a command was decided.

mod clock;
mod decide;
mod learn;
mod settle;
mod statement;
mod write;

use std::sync::{Arc, OnceLock};

use domain::Moment;
use domain::chain::{Chained, Hash};
use metrics::counter;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot, watch};

use crate::guards::low_codes::LowCodes;
use crate::log::append::{Append, AppendError, Appended};
use crate::log::metadata::Metadata;
use crate::metrics::OVERLOADED;
pub(crate) use clock::Clock;
use write::Writer;

/// How many commands may wait; one more is refused at once.
const QUEUE_COMMANDS: usize = 4_096;
/// How many commands one batch may hold.
const BATCH_COMMANDS: usize = 512;

/// The last event of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its position; 0 for an empty log.
    pub position: i64,
    /// Its hash.
    pub hash: Hash,
    /// When the log took it.
    pub recorded_at: Moment,
    /// The life of the log it belongs to.
    pub epoch: i64,
}

struct Job {
    append: Append,
    reply: oneshot::Sender<Result<Appended, AppendError>>,
}

/// Is told what was written, when it is committed and before anybody hears where the log ends now. All who append wait
/// until it returns.
pub type Listener = Box<dyn Fn(&[Chained<'_>]) + Send + Sync>;

/// Is told how many events of a command were written, before its caller hears of it.
pub type Meter = Box<dyn Fn(&Metadata, usize) + Send + Sync>;

/// A handle to the task that writes the log.
#[derive(Clone)]
pub struct Sequencer {
    queue: mpsc::Sender<Job>,
    head: watch::Receiver<i64>,
    listener: Arc<OnceLock<Listener>>,
    meter: Arc<OnceLock<Meter>>,
}

/// Says what was written, and where the log ends now.
struct Announce {
    head: watch::Sender<i64>,
    listener: Arc<OnceLock<Listener>>,
    meter: Arc<OnceLock<Meter>>,
}

impl Announce {
    fn written(&self, events: &[Chained<'_>], head: i64) {
        if let Some(listener) = self.listener.get().filter(|_| !events.is_empty()) {
            listener(events);
        }
        self.head.send_replace(head);
    }

    fn measure(&self, append: &Append) {
        if let Some(meter) = self.meter.get() {
            meter(&append.metadata, append.events.len());
        }
    }
}

impl std::fmt::Debug for Sequencer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sequencer").field("head", &self.head).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("command_id", &self.append.metadata.command_id).finish_non_exhaustive()
    }
}

impl Sequencer {
    /// Starts the writing task. It ends when the last handle is gone and its queue is empty.
    #[must_use]
    pub(crate) fn start(
        database: PgConnectOptions,
        clock: Clock,
        low_codes: LowCodes,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, mut inbox) = mpsc::channel(QUEUE_COMMANDS);
        let (moved, head) = watch::channel(0);
        let (listener, meter) = (Arc::default(), Arc::default());
        let announce = Announce { head: moved, listener: Arc::clone(&listener), meter: Arc::clone(&meter) };
        let task = tokio::spawn(async move {
            let mut writer = Writer::new(database, clock, announce, low_codes);
            let mut jobs = Vec::with_capacity(BATCH_COMMANDS);
            while inbox.recv_many(&mut jobs, BATCH_COMMANDS).await > 0 {
                writer.write(std::mem::take(&mut jobs)).await;
            }
        });
        (Self { queue, head, listener, meter }, task)
    }

    /// Writes a command's events, all or none. A caller that stops waiting does not stop the writing.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        if let Some(bytes) = append.oversized() {
            return Err(AppendError::TooLarge { bytes });
        }
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Job { append, reply }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => {
                counter!(OVERLOADED).increment(1);
                AppendError::Overloaded
            }
            mpsc::error::TrySendError::Closed(_) => AppendError::Unavailable,
        })?;
        answer.await.unwrap_or(Err(AppendError::Unavailable))
    }

    /// The position of the last event that this process has written: a hint to look at the log.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    /// Has somebody told what this process writes. It may be left out of some batches, which the log has all the same.
    /// Only the first who asks for it is told.
    pub fn tell(&self, listener: Listener) {
        let _ = self.listener.set(listener);
    }

    /// Has somebody told how much each command writes. Only the first who asks for it is told.
    pub fn meter(&self, meter: Meter) {
        let _ = self.meter.set(meter);
    }
}
