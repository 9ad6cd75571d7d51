//! The one loop that follows the log: every projection, the relay and every reactor runs on it. It knows positions,
//! batches, waiting and retries; what a batch means is the follower's affair. This file defines what a follower is. The
//! loop itself is in `follow_loop`, batch sizes and intervals in `pace`, events that cannot be processed in `poison`, and
//! `ticker` announces new positions.

mod follow_loop;
mod pace;
mod poison;
mod read_position;
mod ticker;

use std::future::Future;
use std::sync::Arc;

use domain::chain::Chained;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::follow_loop::FollowLoop;
pub use self::pace::BatchInterval;
use self::ticker::Ticker;
use crate::engine::checkpoint::OwnedCheckpoint;
use crate::engine::connections::{self, LoopConnection};
use crate::engine::error::FollowError;
use crate::engine::freshness::Freshness;
use crate::engine::lease::{Lease, Leases};
use crate::engine::projection::Descriptor;
use crate::log::Entry;
use crate::log::tail::Tail;

/// The most positions in a batch, unless a follower says otherwise.
pub const BATCH_LIMIT: i64 = 1_000;
/// How long a follower waits between the starts of two batches, unless it says otherwise.
pub const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(10, 25);

/// Consumer lag: from when this process saw an event in the log until its batch was saved.
const LAG_SECONDS: &str = "ledger_follower_lag_seconds";

/// Describes the metrics of followers.
pub fn describe_metrics() {
    metrics::describe_histogram!(
        LAG_SECONDS,
        metrics::Unit::Seconds,
        "Consumer lag: time from the append of an event to the commit of the batch that contains it"
    );
}

/// A piece of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The position before the piece.
    pub after: i64,
    /// The last position of the piece, whether or not its entry is in `entries`.
    pub through: i64,
    /// The entries of the follower's streams, in order; shared with other followers.
    pub entries: Vec<Arc<Entry>>,
}

/// Where a follower begins, and who saves how far it comes.
#[derive(Debug)]
pub enum Begun {
    /// After this position; the follower saves its checkpoint itself, together with what it makes of each batch.
    SavesItself(i64),
    /// Where this checkpoint stands; the loop moves it after each batch. What was done may be done again after a
    /// crash: it must be harmless twice.
    SavedByLoop(OwnedCheckpoint),
}

impl Begun {
    /// The position after which the follower begins.
    #[must_use]
    pub fn position(&self) -> i64 {
        match self {
            Self::SavesItself(position) => *position,
            Self::SavedByLoop(checkpoint) => checkpoint.position(),
        }
    }
}

/// What a follower does about an event that it cannot process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPoison {
    /// It stops before the event until an operator decides: what it counts must not skip anything.
    Stop,
    /// It parks the event's stream and continues with all others.
    Park,
}

/// A consumer of the log.
pub trait Follower: Send + Sync + 'static {
    /// The name of its checkpoint.
    fn name(&self) -> &'static str;

    /// The version of its logic.
    fn version(&self) -> i32 {
        1
    }

    /// The most positions in a batch.
    fn batch_limit(&self) -> i64 {
        BATCH_LIMIT
    }

    /// How long it waits between the starts of two batches.
    fn batch_interval(&self) -> BatchInterval {
        BATCH_INTERVAL
    }

    /// What it does about an event that it cannot process.
    fn on_poison(&self) -> OnPoison {
        OnPoison::Stop
    }

    /// Whether only one process at a time may follow under this name, because it sends commands, say.
    /// A projection needs no lease: the lock of its checkpoint keeps a second process out.
    fn leased(&self) -> bool {
        false
    }

    /// Whether an operator may have it skip events. Not if it passes the whole log on to others.
    fn may_leave_out(&self) -> bool {
        true
    }

    /// The stream types that it reads; empty: all of them.
    fn streams(&self) -> &'static [&'static str] {
        &[]
    }

    /// Prepares to follow: at the start, and again after each failure.
    fn begin(&self, pool: &PgPool, owner: Uuid) -> impl Future<Output = Result<Begun, FollowError>> + Send {
        async move {
            let mut conn = pool.acquire().await?;
            let taken = OwnedCheckpoint::take_over(&mut conn, self.name(), self.version(), owner).await?;
            Ok(Begun::SavedByLoop(taken))
        }
    }

    /// Processes a batch, and returns the last position that is done. The connection is the loop's own.
    fn handle(&self, conn: &mut PgConnection, batch: &Batch) -> impl Future<Output = Result<i64, FollowError>> + Send;
}

/// The loops of one process.
#[derive(Debug, Clone)]
pub struct Followers {
    pool: PgPool,
    /// For the statements of each batch.
    batches: PgPool,
    head: watch::Receiver<i64>,
    freshness: Freshness,
    leases: Leases,
    tail: Tail,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Followers {
    /// Starts the ticker that tells all loops of this process where the log ends. `appended` brings
    /// the head from whoever appends in this process, at once; other processes are seen by polling. `projections` are all
    /// that anybody follows.
    #[must_use]
    pub(crate) fn start(
        pool: PgPool,
        appended: watch::Receiver<i64>,
        freshness: Freshness,
        projections: &'static [Descriptor],
        shutdown: CancellationToken,
    ) -> Self {
        let (moved, head) = watch::channel(0);
        let tasks = TaskTracker::new();
        let (leases, tail, batches) = (Leases::new(), Tail::default(), connections::for_batches(&pool));
        let ticker =
            Ticker::new(LoopConnection::from(batches.clone()), moved, freshness.clone(), tail.clone(), projections);
        tasks.spawn(ticker.tick(appended, shutdown.clone()));
        tasks.spawn(leases.clone().keep(pool.clone(), shutdown.clone()));
        Self { pool, batches, head, freshness, leases, tail, shutdown, tasks }
    }

    /// Follows the log with one more follower, until shutdown.
    pub fn follow(&self, follower: impl Follower) {
        let turn = FollowLoop {
            pool: self.pool.clone(),
            connection: LoopConnection::from(self.batches.clone()),
            head: self.head.clone(),
            freshness: self.freshness.clone(),
            tail: self.tail.clone(),
            shutdown: self.shutdown.clone(),
            owner: Uuid::new_v4(),
            checkpoint: None,
            lease: follower.leased().then(|| self.leases.lease(follower.name())),
            follower,
        };
        self.tasks.spawn(turn.run());
    }

    /// Runs something else until shutdown, which it must notice by itself.
    pub fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// A lease, asked for from now on: one process at a time holds it.
    #[must_use]
    pub fn lease(&self, name: &'static str) -> Lease {
        self.leases.lease(name)
    }

    /// Waits, after shutdown, until every loop has finished its batch and saved its checkpoint.
    pub async fn stopped(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// The connections of this process's followers for what is not done with each batch.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// A callback for the writer of this process: what it has committed is kept in memory, so that no follower reads it
    /// back from the database. It wakes nobody: followers learn of new positions by `appended` or by polling.
    pub fn keep_in_tail(&self) -> impl Fn(&[Chained<'_>]) + Send + Sync + use<> {
        let tail = self.tail.clone();
        move |written| tail.take(written)
    }

    /// The last position of the log that this process knows of.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }
}
