//! A projection that is fed from Kafka: one member of the consumer group that reads the log's topic for it. It folds as
//! a follower of the log does; only the source of the events and their share for this process differ.
//!
//! - Rows, progress and the next offset are written in one transaction (`batch`). No offsets are committed to Kafka.
//! - A partition is fenced by its row in `worker_partitions` (`table`, `locked`). Whoever the group assigns it to takes
//!   it over with a new owner and epoch; every write locks the row and compares. A member that was paused and wakes up
//!   finds another owner, and rejoins the group.
//! - A message that comes twice is not beyond the partition's progress, and is skipped.
//!
//! The topic is trusted only while it continues exactly at the saved offset: the message before it must be the one seen
//! there, and no offset may be missing. In every other case (a first start, a new topic, deleted messages, a foreign
//! message) the worker reads the log instead (`catch_up`): it notes the end of the partition, then the head of the log,
//! folds from the log up to that head, and reads the topic from the noted end on. Whatever stands before that end is not
//! beyond that head, so nothing is skipped.
//!
//! The position of the whole projection is computed by readers (`engine::partition_progress`), not here.

mod batch;
mod catch_up;
mod locked;
mod membership;
mod message;
mod session;
mod table;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::engine::error::FollowError;
use crate::engine::follower::OnPoison;
use crate::kafka::brokers::Brokers;

use crate::engine::checkpoint::stopped;
use crate::engine::parked;
use crate::engine::projection::{Projection, Spread};
use crate::registry::{self, Visitor};

use session::Session;

/// The first back-off after a failure; each further one is twice as long …
const FIRST_BACK_OFF_MS: u64 = 100;
/// … up to this.
const LAST_BACK_OFF_MS: u64 = 5_000;
/// How often a stopped worker checks whether an operator has resumed it.
const STOPPED_MS: u64 = 500;
/// How long a transaction of a worker may be idle. A member that is paused inside one would block whoever takes its
/// partitions over, so that the server ends it.
const STANDS_STILL_MS: &str = "5000";
/// How many connections a worker needs: one folds, one may be taking over.
const CONNECTIONS: u32 = 3;

/// Where a worker reads, and in which consumer group.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// The brokers.
    pub brokers: Brokers,
    /// The topic that the relay publishes to.
    pub topic: String,
    /// How long a member may send no heartbeat before the group gives its partitions to others.
    pub session: Duration,
}

/// Why a worker cannot run.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// No projection has this name.
    #[error("there is no projection {0:?}")]
    Unknown(String),
    /// It cannot be folded partition by partition.
    #[error("{name} cannot be fed by workers: {because}")]
    Whole {
        /// The projection.
        name: &'static str,
        /// Why not.
        because: &'static str,
    },
    /// Continuing would do harm.
    #[error("{0}")]
    Stopped(String),
}

/// Whether workers may feed the projection of this name.
///
/// # Errors
/// [`WorkerError::Unknown`] and [`WorkerError::Whole`].
pub fn may_work(name: &str) -> Result<(), WorkerError> {
    let known = registry::find(name).ok_or_else(|| WorkerError::Unknown(name.to_owned()))?;
    match known.spread {
        Spread::BySubject => Ok(()),
        Spread::Whole { because } => Err(WorkerError::Whole { name: known.name, because }),
    }
}

/// Feeds a projection as one member of its group, until shutdown.
///
/// # Errors
/// See [`WorkerError`]. Failures that may pass are retried with back-off.
pub async fn work(
    name: &str,
    config: WorkerConfig,
    pool: &PgPool,
    shutdown: CancellationToken,
) -> Result<(), WorkerError> {
    struct Begin {
        config: WorkerConfig,
        pool: PgPool,
        shutdown: CancellationToken,
    }
    impl Visitor for Begin {
        type Answer = BoxFuture<'static, Result<(), WorkerError>>;
        fn visit<P: Projection>(self, projection: P) -> Self::Answer {
            let Self { config, pool, shutdown } = self;
            Box::pin(Worker { projection: Arc::new(projection), config, pool, shutdown }.run())
        }
    }
    may_work(name)?;
    let options = (*pool.connect_options()).clone();
    let options = options.options([("idle_in_transaction_session_timeout", STANDS_STILL_MS)]);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_lazy_with(options);
    let ended = match registry::visit(name, Begin { config, pool: pool.clone(), shutdown }) {
        Some(worker) => worker.await,
        None => Err(WorkerError::Unknown(name.to_owned())),
    };
    pool.close().await;
    ended
}

/// The state that all sessions of a worker share.
struct Worker<P> {
    projection: Arc<P>,
    config: WorkerConfig,
    pool: PgPool,
    shutdown: CancellationToken,
}

impl<P> Clone for Worker<P> {
    fn clone(&self) -> Self {
        Self {
            projection: Arc::clone(&self.projection),
            config: self.config.clone(),
            pool: self.pool.clone(),
            shutdown: self.shutdown.clone(),
        }
    }
}

/// Why a session ended before it was asked to.
#[derive(Debug)]
enum SessionEnd {
    /// Another member took one of our partitions over.
    Overtaken,
    /// The topic does not continue at a partition's saved offset.
    Astray { partition: i32, reason: String },
    /// For one of a follower's reasons.
    Follow(FollowError),
}

impl From<sqlx::Error> for SessionEnd {
    fn from(error: sqlx::Error) -> Self {
        Self::Follow(error.into())
    }
}

impl From<FollowError> for SessionEnd {
    fn from(error: FollowError) -> Self {
        Self::Follow(error)
    }
}

impl<P: Projection> Worker<P> {
    async fn run(self) -> Result<(), WorkerError> {
        let mut failures = 0;
        while !self.shutdown.is_cancelled() {
            let owner = Uuid::new_v4();
            let wait = match self.session(owner).await {
                Ok(()) => return Ok(()),
                Err(SessionEnd::Overtaken) => {
                    tracing::info!(
                        projection = P::NAME,
                        "Kafka worker lost a partition to another member; rejoining the consumer group"
                    );
                    Duration::ZERO
                }
                Err(SessionEnd::Astray { partition, reason }) => {
                    tracing::warn!(projection = P::NAME, partition, %reason, "Kafka partition does not continue at the saved offset; worker reads from the log instead");
                    match table::forget(&self.pool, P::NAME, owner).await {
                        Ok(()) => Duration::ZERO,
                        Err(_) => back_off(&mut failures),
                    }
                }
                Err(SessionEnd::Follow(
                    error @ (FollowError::Database(_) | FollowError::Trouble(_) | FollowError::Standby),
                )) => {
                    tracing::warn!(projection = P::NAME, reason = %error, "Kafka worker failed and retries with back-off");
                    back_off(&mut failures)
                }
                Err(SessionEnd::Follow(FollowError::Poison { position, reason })) => match P::ON_POISON {
                    OnPoison::Park => self.park(position, &reason, &mut failures).await,
                    OnPoison::Stop => self.stop(position, &reason).await,
                },
                Err(SessionEnd::Follow(FollowError::Stop(reason))) => return Err(WorkerError::Stopped(reason)),
            };
            let _ = tokio::time::timeout(wait, self.shutdown.cancelled()).await;
        }
        Ok(())
    }

    /// One membership of the group, on a thread of its own: librdkafka blocks there for messages, and calls back when
    /// the group assigns or revokes partitions.
    async fn session(&self, owner: Uuid) -> Result<(), SessionEnd> {
        let group = table::group(&self.pool, P::NAME).await?;
        let (worker, runtime) = (self.clone(), Handle::current());
        let session = tokio::task::spawn_blocking(move || Session::join(worker, group, owner, runtime)?.work());
        session.await.map_err(|error| FollowError::Trouble(error.to_string()))?
    }

    /// Parks the stream of an event that cannot be processed, and continues with all others.
    async fn park(&self, position: i64, reason: &str, failures: &mut u32) -> Duration {
        tracing::error!(projection = P::NAME, log.position = position, %reason, "Kafka worker cannot process an event; its stream is parked");
        let parked = async {
            let mut conn = self.pool.acquire().await?;
            parked::park(&mut conn, P::NAME, position, reason).await
        };
        if parked.await.is_ok() { Duration::ZERO } else { back_off(failures) }
    }

    /// Stops before an event that cannot be processed, until an operator retries or skips it.
    async fn stop(&self, position: i64, reason: &str) -> Duration {
        tracing::error!(projection = P::NAME, log.position = position, %reason, "Kafka worker cannot process an event and stopped; waiting for an operator to retry or skip it");
        let mut noted = false;
        while !self.shutdown.is_cancelled() {
            let is_stopped = async {
                let mut conn = self.pool.acquire().await?;
                if !noted {
                    stopped::stop(&mut conn, P::NAME, position, reason).await?;
                }
                stopped::is_stopped(&mut conn, P::NAME).await
            };
            match is_stopped.await {
                Ok(false) => break,
                Ok(true) => noted = true,
                // asked again
                Err(_) => {}
            }
            let _ = tokio::time::timeout(Duration::from_millis(STOPPED_MS), self.shutdown.cancelled()).await;
        }
        Duration::ZERO
    }
}

fn back_off(failures: &mut u32) -> Duration {
    let wait = FIRST_BACK_OFF_MS.saturating_mul(1 << (*failures).min(10));
    *failures += 1;
    Duration::from_millis(wait.min(LAST_BACK_OFF_MS))
}
