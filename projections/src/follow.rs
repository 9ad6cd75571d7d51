//! The one loop that follows the log: every projection, the relay and every reactor runs on it. It
//! knows positions, batches, waiting and trouble; what is made of a batch is the follower's affair.

use std::future::Future;
use std::time::{Duration, Instant};

use metrics::histogram;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::checkpoint::{self, Standing};
use crate::error::FollowError;
use crate::freshness::{Freshness, State};
use crate::lease::{Lease, Leases};
use crate::log::{self, Entry};
use crate::parked;
use crate::progress;
use crate::registry;
use crate::tail::Tail;

/// The most positions in a batch, unless a follower says otherwise.
pub const BATCH_LIMIT: i64 = 1_000;
/// How often the head and the checkpoints are asked for when nobody says that they moved.
const POLL_MS: u64 = 75;
/// A follower that is behind takes up to so many times its limit at once …
const MOST_TIMES_LIMIT: i64 = 8;
/// … while a batch takes less than this: nobody should wait longer for a lock.
const SLOW_BATCH_MS: u64 = 1_000;
/// How long it may stay unsaved that nothing of interest has come: a write less for most batches.
const LAZY_SAVE_MS: u64 = 250;
/// How often a stopped follower looks whether it may go on.
const STOPPED_MS: u64 = 500;
/// A batch of so many positions, and nothing beyond it, means that the log is busy …
const BUSY_POSITIONS: i64 = 32;
/// … and a follower then waits this long for more: a batch costs much the same whatever is in it, and
/// what is spent on small ones is missing where claims are decided.
const BREATH_MS: u64 = 10;
/// How long a follower waits that finds another one at work.
const STANDBY_MS: u64 = 200;
/// How often a follower with a lease looks whether it is still the one that it began under.
const LEASE_MS: u64 = 500;
/// How long the first wait after trouble is; each further one is twice as long …
const FIRST_BACK_OFF_MS: u64 = 50;
/// … up to this.
const LAST_BACK_OFF_MS: u64 = 5_000;

/// How long a follower takes to show what was committed: from when this process saw an event in the
/// log to when its batch was saved.
const LAG_SECONDS: &str = "ledger_follower_lag_seconds";

/// Tells whoever listens to the facade `metrics` what the figures of followers mean.
pub fn describe_metrics() {
    metrics::describe_histogram!(
        LAG_SECONDS,
        metrics::Unit::Seconds,
        "Time from an event in the log to its batch saved"
    );
}

/// A piece of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The position before the piece.
    pub after: i64,
    /// The last position of the piece, also where its entry is of no interest to the follower.
    pub through: i64,
    /// The entries of interest, in order.
    pub entries: Vec<Entry>,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Taken in up to here, and the follower saved its checkpoint itself.
    Saved(i64),
    /// Taken in up to here; the loop saves the checkpoint. What was done may be done again after a
    /// crash: it must be harmless twice.
    Handled(i64),
}

/// What an event that a follower cannot take in does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPoison {
    /// It stops before the event until somebody decides: what it counts must not skip anything.
    Stop,
    /// It leaves the event's stream aside and goes on with all others.
    Park,
}

/// Somebody who follows the log.
pub trait Follower: Send + Sync + 'static {
    /// Under which its checkpoint is kept.
    fn name(&self) -> &'static str;

    /// Of its logic.
    fn version(&self) -> i32 {
        1
    }

    /// The most positions in a batch.
    fn batch_limit(&self) -> i64 {
        BATCH_LIMIT
    }

    /// What an event that it cannot take in does to it.
    fn on_poison(&self) -> OnPoison {
        OnPoison::Stop
    }

    /// Whether only one process at a time may follow under this name: one that sends commands, say.
    /// A projection needs no lease, since whoever folds first holds its checkpoint's lock.
    fn leased(&self) -> bool {
        false
    }

    /// The stream types it wants to see; none named: all of them.
    fn streams(&self) -> &'static [&'static str] {
        &[]
    }

    /// Gets ready and says the position after which to begin: at the start, and again after trouble.
    fn begin(&self, pool: &PgPool, owner: Uuid) -> impl Future<Output = Result<i64, FollowError>> + Send {
        async move {
            let mut conn = pool.acquire().await?;
            checkpoint::ensure(&mut conn, self.name(), self.version(), owner).await?;
            Ok(checkpoint::take_over(&mut conn, self.name(), None, owner).await?)
        }
    }

    /// Makes of a batch what it makes of it.
    fn handle(&self, batch: &Batch) -> impl Future<Output = Result<Outcome, FollowError>> + Send;
}

/// The loops of one process.
#[derive(Debug, Clone)]
pub struct Followers {
    pool: PgPool,
    head: watch::Receiver<i64>,
    freshness: Freshness,
    leases: Leases,
    tail: Tail,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Followers {
    /// Starts the ticker that tells all loops of this process where the log ends. `appended` brings
    /// the head from whoever appends in this process, at once; other processes are seen by polling.
    #[must_use]
    pub fn start(
        pool: PgPool,
        appended: watch::Receiver<i64>,
        freshness: Freshness,
        shutdown: CancellationToken,
    ) -> Self {
        let (moved, head) = watch::channel(0);
        let tasks = TaskTracker::new();
        let (leases, tail) = (Leases::new(), Tail::default());
        let (watched, noted_at) = (Vec::new(), Instant::now());
        let ticker =
            Ticker { pool: pool.clone(), moved, freshness: freshness.clone(), tail: tail.clone(), watched, noted_at };
        tasks.spawn(ticker.tick(appended, shutdown.clone()));
        tasks.spawn(leases.clone().keep(pool.clone(), shutdown.clone()));
        Self { pool, head, freshness, leases, tail, shutdown, tasks }
    }

    /// Follows the log with one more follower, until shutdown.
    pub fn follow(&self, follower: impl Follower) {
        let turn = Loop {
            pool: self.pool.clone(),
            head: self.head.clone(),
            freshness: self.freshness.clone(),
            tail: self.tail.clone(),
            shutdown: self.shutdown.clone(),
            owner: Uuid::new_v4(),
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

    /// Where the log ends, as far as this process knows.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    /// What the followers of this process read and write with.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

struct Loop<F> {
    pool: PgPool,
    head: watch::Receiver<i64>,
    freshness: Freshness,
    tail: Tail,
    shutdown: CancellationToken,
    owner: Uuid,
    lease: Option<Lease>,
    follower: F,
}

/// Where a loop stands: up to where it has read, and up to where that is saved. Between the two there is
/// nothing that its follower wants.
#[derive(Debug, Clone, Copy)]
struct Place {
    saved: i64,
    position: i64,
    unsaved_since: Option<Instant>,
}

/// What a loop wakes up for.
enum Wake {
    LogGoesOn(i64),
    TimeToSave,
    TimeToLookAtTheLease,
    Shutdown,
}

impl<F: Follower> Loop<F> {
    async fn run(mut self) {
        let name = self.follower.name();
        let mut pace = Pace::default();
        while !self.shutdown.is_cancelled() {
            let wait = match self.go(&mut pace).await {
                Ok(()) => return,
                Err(FollowError::Standby) => {
                    self.freshness.is(name, State::Standby);
                    Duration::from_millis(STANDBY_MS)
                }
                Err(error @ (FollowError::Database(_) | FollowError::Trouble(_))) => {
                    let reason = error.to_string();
                    tracing::warn!(follower = name, %reason, "a follower waits and tries again");
                    self.freshness.is(name, State::Waiting { reason });
                    pace.back_off()
                }
                Err(FollowError::Poison { position, reason }) => match self.follower.on_poison() {
                    OnPoison::Park => self.park(position, &reason).await,
                    OnPoison::Stop => self.stop(position, &reason).await,
                },
                Err(FollowError::Stop(reason)) => {
                    tracing::error!(follower = name, %reason, "a follower stopped");
                    return self.freshness.is(name, State::Stopped { reason });
                }
            };
            let _ = tokio::time::timeout(wait, self.shutdown.cancelled()).await;
        }
    }

    /// Follows until shutdown or until something is in the way.
    async fn go(&mut self, pace: &mut Pace) -> Result<(), FollowError> {
        let name = self.follower.name();
        let lease_epoch = self.lease_epoch();
        self.check_lease(lease_epoch)?;
        let saved = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => return Ok(()),
            begun = self.follower.begin(&self.pool, self.owner) => begun?,
        };
        let mut place = Place { saved, position: saved, unsaved_since: None };
        self.freshness.is(name, State::Following);
        self.freshness.reached(name, saved);
        loop {
            let head = match self.wake(place).await {
                Wake::LogGoesOn(head) => head,
                Wake::TimeToSave => {
                    self.save_lazily(&mut place).await?;
                    continue;
                }
                Wake::TimeToLookAtTheLease => {
                    self.check_lease(lease_epoch)?;
                    continue;
                }
                Wake::Shutdown => return self.save_lazily(&mut place).await,
            };
            self.check_lease(lease_epoch)?;
            let after = place.position;
            let through = head.min(after + pace.positions(self.follower.batch_limit()));
            let begun = Instant::now();
            place = self.take(place, through).await?;
            self.freshness.reached(name, place.position);
            pace.went_well(self.follower.batch_limit(), through - after, begun.elapsed());
            if through == head && through - after >= BUSY_POSITIONS {
                let _ = tokio::time::timeout(Duration::from_millis(BREATH_MS), self.shutdown.cancelled()).await;
            }
        }
    }

    /// Takes in the log up to a position. What the follower does not want costs it no write.
    async fn take(&self, place: Place, through: i64) -> Result<Place, FollowError> {
        let streams = self.follower.streams();
        let mut entries = match self.tail.between(place.position, through, streams) {
            Some(entries) => entries,
            None => log::read_between(&mut *self.pool.acquire().await?, place.position, through, streams).await?,
        };
        let Some(first) = entries.first().map(|entry| entry.position) else {
            let unsaved_since = place.unsaved_since.or_else(|| Some(Instant::now()));
            return Ok(Place { position: through, unsaved_since, ..place });
        };
        let name = self.follower.name();
        if self.lease.is_some() {
            let aside = parked::aside(&mut *self.pool.acquire().await?, name, name).await?;
            entries.retain(|entry| aside.admits(&entry.aggregate_type, &entry.aggregate_id, entry.position));
        }
        let position = match self.follower.handle(&Batch { after: place.saved, through, entries }).await? {
            Outcome::Saved(reached) => reached,
            Outcome::Handled(reached) => self.save(reached).await?,
        };
        if let Some(lag) = self.tail.age(first).filter(|_| position >= first) {
            histogram!(LAG_SECONDS, "follower" => name).record(lag);
        }
        Ok(Place { saved: position, position, unsaved_since: None })
    }

    fn lease_epoch(&self) -> Option<i64> {
        self.lease.as_ref().and_then(Lease::epoch)
    }

    /// Whether it still holds the lease under which it began: in between somebody else may have been at work.
    fn check_lease(&self, begun_under: Option<i64>) -> Result<(), FollowError> {
        let is_held = self.lease.is_none() || (begun_under.is_some() && self.lease_epoch() == begun_under);
        if is_held { Ok(()) } else { Err(FollowError::Standby) }
    }

    async fn save(&self, position: i64) -> Result<i64, FollowError> {
        let mut conn = self.pool.acquire().await?;
        let still_ours = checkpoint::advance(&mut conn, self.follower.name(), position, self.owner).await?;
        if still_ours { Ok(position) } else { Err(FollowError::Standby) }
    }

    async fn save_lazily(&self, place: &mut Place) -> Result<(), FollowError> {
        if place.position > place.saved {
            let mut conn = self.pool.acquire().await?;
            let (name, version) = (self.follower.name(), self.follower.version());
            if !checkpoint::pass(&mut conn, name, version, place.saved, place.position).await? {
                return Err(FollowError::Standby);
            }
        }
        *place = Place { saved: place.position, position: place.position, unsaved_since: None };
        Ok(())
    }

    /// Goes on without the stream of an impossible event.
    async fn park(&self, position: i64, reason: &str) -> Duration {
        let name = self.follower.name();
        tracing::error!(follower = name, log.position = position, %reason, "a follower parks a stream: an event is impossible");
        let parked = async {
            let mut conn = self.pool.acquire().await?;
            parked::park(&mut conn, name, position, reason).await
        };
        match parked.await {
            Ok(()) => Duration::ZERO,
            Err(_) => Duration::from_millis(LAST_BACK_OFF_MS),
        }
    }

    /// Stops before an impossible event, until somebody has it tried again or left out; whoever follows
    /// elsewhere, perhaps with a newer program, may get past it as well.
    async fn stop(&self, position: i64, reason: &str) -> Duration {
        let name = self.follower.name();
        tracing::error!(follower = name, log.position = position, %reason, "a follower stopped");
        self.freshness.is(name, State::Stopped { reason: format!("position {position}: {reason}") });
        let mut noted = false;
        while !self.shutdown.is_cancelled() {
            let stopped = async {
                let mut conn = self.pool.acquire().await?;
                if !noted {
                    checkpoint::stop(&mut conn, name, position, reason).await?;
                }
                checkpoint::is_stopped(&mut conn, name).await
            };
            match stopped.await {
                Ok(false) => return Duration::ZERO,
                Ok(true) => noted = true,
                // asked again
                Err(_) => {}
            }
            let _ = tokio::time::timeout(Duration::from_millis(STOPPED_MS), self.shutdown.cancelled()).await;
        }
        Duration::ZERO
    }

    /// Waits until the log goes on after where the loop stands.
    async fn wake(&mut self, place: Place) -> Wake {
        let save_in =
            place.unsaved_since.map(|since| Duration::from_millis(LAZY_SAVE_MS).saturating_sub(since.elapsed()));
        let time_to_save = async {
            match save_in {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let time_to_look = tokio::time::sleep(Duration::from_millis(LEASE_MS));
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Wake::Shutdown,
            () = time_to_save => Wake::TimeToSave,
            () = time_to_look, if self.lease.is_some() => Wake::TimeToLookAtTheLease,
            head = self.head.wait_for(|head| *head > place.position) => {
                head.map_or(Wake::Shutdown, |head| Wake::LogGoesOn(*head))
            }
        }
    }
}

/// How much is taken at once, and how long to wait after trouble. A batch that was full and quick is
/// followed by a larger one, a slow one by a smaller one; what fails as a whole may go through in pieces.
#[derive(Debug, Default)]
struct Pace {
    failures: u32,
    positions: Option<i64>,
}

impl Pace {
    fn positions(&self, limit: i64) -> i64 {
        self.positions.unwrap_or(limit).clamp(1, limit.max(1) * MOST_TIMES_LIMIT)
    }

    fn back_off(&mut self) -> Duration {
        self.positions = Some((self.positions.unwrap_or(BATCH_LIMIT) / 2).max(1));
        let wait = FIRST_BACK_OFF_MS.saturating_mul(1 << self.failures.min(10));
        self.failures += 1;
        Duration::from_millis(wait.min(LAST_BACK_OFF_MS))
    }

    fn went_well(&mut self, limit: i64, taken: i64, took: Duration) {
        self.failures = 0;
        let most = self.positions(limit);
        if took > Duration::from_millis(SLOW_BATCH_MS) {
            self.positions = Some((taken / 2).max(1));
        } else if taken >= most {
            self.positions = Some(most.saturating_mul(2));
        }
    }
}

/// Tells where the log ends and how far the followers of other processes have come: one small query
/// for all loops, and none where the head comes from this process. It reads what is new for all of them.
struct Ticker {
    pool: PgPool,
    moved: watch::Sender<i64>,
    freshness: Freshness,
    tail: Tail,
    /// The projections that workers feed: nobody but the ticker works out how far all of each is.
    watched: Vec<Standing>,
    noted_at: Instant,
}

impl Ticker {
    async fn tick(mut self, mut appended: watch::Receiver<i64>, shutdown: CancellationToken) {
        let mut poll = tokio::time::interval(Duration::from_millis(POLL_MS));
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut appends_here = true;
        loop {
            let head = tokio::select! {
                () = shutdown.cancelled() => return,
                appended_to = appended.changed(), if appends_here => {
                    appends_here = appended_to.is_ok();
                    *appended.borrow_and_update()
                }
                _ = poll.tick() => match self.look().await {
                    Ok(head) => head,
                    // each loop finds out by itself and says so
                    Err(_) => continue,
                },
            };
            // where it cannot be read here, each loop reads for itself
            let _ = self.tail.extend(&self.pool, head, Instant::now()).await;
            for standing in std::mem::take(&mut self.watched) {
                // looked at again at the next tick
                let _ = self.watch(standing, head).await;
            }
            self.moved.send_if_modified(|known| {
                let further = head > *known;
                *known = head.max(*known);
                further
            });
        }
    }

    async fn look(&mut self) -> sqlx::Result<i64> {
        let mut conn = self.pool.acquire().await?;
        let standings = checkpoint::standings(&mut conn).await?;
        let head = log::head(&mut conn).await?.position;
        for standing in &standings {
            self.freshness.reached(&standing.name, standing.position);
        }
        self.watched = standings.into_iter().filter(|standing| standing.by_workers.is_some()).collect();
        Ok(head)
    }

    /// Works out up to where all of a projection is folded that workers feed, from how far its partitions
    /// are and from the log, and notes it for whoever starts to look later.
    async fn watch(&mut self, standing: Standing, head: i64) -> sqlx::Result<()> {
        let Standing { name, position: noted, by_workers: Some(progress) } = standing else { return Ok(()) };
        let streams = registry::streams_of(&name).await;
        let mut known = noted.max(self.freshness.position(&name));
        while known < head {
            let through = head.min(known + BATCH_LIMIT);
            let entries = match self.tail.between(known, through, streams) {
                Some(entries) => entries,
                None => log::read_between(&mut *self.pool.acquire().await?, known, through, streams).await?,
            };
            known = progress.folded_through_entries(&entries, through);
            self.freshness.reached(&name, known);
            if known < through {
                break;
            }
        }
        if known > noted && self.noted_at.elapsed() >= Duration::from_millis(LAZY_SAVE_MS) {
            progress::note(&mut *self.pool.acquire().await?, &name, known).await?;
            self.noted_at = Instant::now();
        }
        Ok(())
    }
}
