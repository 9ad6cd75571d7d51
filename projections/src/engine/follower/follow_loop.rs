//! The loop of one follower: wait for new events, process the next batch, save the checkpoint.

use std::time::{Duration, Instant};

use metrics::histogram;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::pace::{EventRate, Pace};
use super::read_position::ReadPosition;
use super::{Batch, Begun, Follower, LAG_SECONDS, OnPoison};
use crate::engine::checkpoint::{OwnedCheckpoint, ReadThrough};
use crate::engine::connections::LoopConnection;
use crate::engine::error::FollowError;
use crate::engine::freshness::{FollowerState, Freshness};
use crate::engine::lease::{Lease, LeaseEpoch};
use crate::engine::parked;
use crate::log::tail::Tail;

/// How long a follower waits before it tries again while another one is active.
const STANDBY: Duration = Duration::from_millis(200);
/// How often a follower with a lease checks that it still holds it under the same epoch.
const LOOK_AT_LEASE: Duration = Duration::from_millis(500);

/// One follower and what its loop needs.
pub(super) struct FollowLoop<F> {
    /// For preparation, which may take long.
    pub(super) pool: PgPool,
    /// For the statements of each batch.
    pub(super) connection: LoopConnection,
    pub(super) head: watch::Receiver<i64>,
    pub(super) freshness: Freshness,
    pub(super) tail: Tail,
    pub(super) shutdown: CancellationToken,
    pub(super) owner: Uuid,
    /// The checkpoint that the loop moves; none while the follower saves its own.
    pub(super) checkpoint: Option<OwnedCheckpoint>,
    pub(super) lease: Option<Lease>,
    pub(super) follower: F,
}

/// Why a follower wakes up.
enum Wake {
    LogGoesOn(i64),
    TimeToSave,
    TimeToLookAtTheLease,
    Shutdown,
}

impl<F: Follower> FollowLoop<F> {
    pub(super) async fn run(mut self) {
        let name = self.follower.name();
        let mut pace = Pace::default();
        while !self.shutdown.is_cancelled() {
            let wait = match self.go(&mut pace).await {
                Ok(()) => return,
                Err(FollowError::Standby) => {
                    self.freshness.is(name, FollowerState::Standby);
                    STANDBY
                }
                Err(error @ (FollowError::Database(_) | FollowError::Trouble(_))) => {
                    let reason = error.to_string();
                    tracing::warn!(follower = name, %reason, "follower failed and retries with back-off");
                    if matches!(error, FollowError::Database(_)) {
                        self.tail.forget();
                    }
                    self.freshness.is(name, FollowerState::Waiting { reason });
                    pace.back_off()
                }
                Err(FollowError::Poison { position, reason }) => match self.follower.on_poison() {
                    OnPoison::Park => self.park(position, &reason).await,
                    OnPoison::Stop => self.stop(position, &reason).await,
                },
                Err(FollowError::Stop(reason)) => {
                    tracing::error!(follower = name, %reason, "follower stopped; restart the service after fixing the cause");
                    return self.freshness.is(name, FollowerState::Stopped { reason });
                }
            };
            self.wait(wait).await;
        }
    }

    /// Follows until shutdown or the first failure.
    async fn go(&mut self, pace: &mut Pace) -> Result<(), FollowError> {
        let lease_epoch = self.lease_epoch();
        self.check_lease(lease_epoch)?;
        let begun = tokio::select! {
            biased;
            () = self.shutdown.cancelled() => return Ok(()),
            begun = self.follower.begin(&self.pool, self.owner) => begun?,
        };
        let (mut place, mut rate) = (ReadPosition::saved(begun.position()), EventRate::new());
        self.begins(begun.position());
        self.checkpoint = match begun {
            Begun::SavesItself(_) => None,
            Begun::SavedByLoop(checkpoint) => Some(checkpoint),
        };
        loop {
            let head = match self.wake(place).await {
                Wake::LogGoesOn(head) => head,
                Wake::TimeToSave => {
                    place = self.save_lazily(place).await?;
                    continue;
                }
                Wake::TimeToLookAtTheLease => {
                    self.check_lease(lease_epoch)?;
                    continue;
                }
                Wake::Shutdown => return self.save_lazily(place).await.map(drop),
            };
            self.check_lease(lease_epoch)?;
            let (after, begun) = (place.position, Instant::now());
            let through = head.min(after + pace.positions(self.follower.batch_limit()));
            place = self.take(place, through).await?;
            self.freshness.reached(self.follower.name(), place.position);
            pace.went_well(self.follower.batch_limit(), through - after, begun.elapsed());
            if through == head {
                self.wait(rate.wait_after(self.follower.batch_interval(), through - after, begun)).await;
            }
        }
    }

    /// A leased follower may have been set back meanwhile, so that its position may go down; nobody waits for it to read
    /// a projection.
    fn begins(&self, position: i64) {
        let name = self.follower.name();
        self.freshness.is(name, FollowerState::Following);
        match self.lease {
            Some(_) => self.freshness.stands_at(name, position),
            None => self.freshness.reached(name, position),
        }
    }

    /// Waits for the first of: events beyond the follower's position, a due save, a due lease check, shutdown.
    async fn wake(&mut self, place: ReadPosition) -> Wake {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Wake::Shutdown,
            () = place.time_to_save() => Wake::TimeToSave,
            () = tokio::time::sleep(LOOK_AT_LEASE), if self.lease.is_some() => Wake::TimeToLookAtTheLease,
            head = self.head.wait_for(|head| *head > place.position) => {
                head.map_or(Wake::Shutdown, |head| Wake::LogGoesOn(*head))
            }
        }
    }

    /// Processes the log up to a position. Events of other streams cost no write.
    async fn take(&mut self, place: ReadPosition, through: i64) -> Result<ReadPosition, FollowError> {
        let mut conn = self.connection.take().await?;
        let taken = self.take_in(&mut conn, place, through).await;
        match &taken {
            Ok(_) => self.connection.keep(conn),
            Err(_) => self.connection.keep_if_sound(conn).await,
        }
        taken
    }

    async fn take_in(
        &mut self,
        conn: &mut PgConnection,
        place: ReadPosition,
        through: i64,
    ) -> Result<ReadPosition, FollowError> {
        let streams = self.follower.streams();
        let mut entries = self.tail.read(conn, place.position, through, streams).await?;
        let Some(first) = entries.first().map(|entry| entry.position) else {
            return Ok(place.passed(through));
        };
        let name = self.follower.name();
        if self.lease.is_some() && self.follower.may_leave_out() {
            let aside = parked::aside(conn, name, name).await?;
            entries.retain(|entry| aside.admits(&entry.aggregate_type, &entry.aggregate_id, entry.position));
        }
        let position = self.follower.handle(conn, &Batch { after: place.saved, through, entries }).await?;
        if let Some(checkpoint) = &mut self.checkpoint {
            checkpoint.advance(conn, position).await?;
        }
        if let Some(lag) = self.tail.age(first).filter(|_| position >= first) {
            histogram!(LAG_SECONDS, "follower" => name).record(lag);
        }
        Ok(ReadPosition::saved(position))
    }

    async fn save_lazily(&mut self, place: ReadPosition) -> Result<ReadPosition, FollowError> {
        if place.position > place.saved {
            let mut conn = self.connection.take().await?;
            match &mut self.checkpoint {
                Some(checkpoint) => checkpoint.advance(&mut conn, place.position).await?,
                None => {
                    let (name, version) = (self.follower.name(), self.follower.version());
                    ReadThrough { name, version, saved: place.saved }.advance(&mut conn, place.position).await?;
                }
            }
            self.connection.keep(conn);
        }
        Ok(ReadPosition::saved(place.position))
    }

    fn lease_epoch(&self) -> Option<LeaseEpoch> {
        self.lease.as_ref().and_then(Lease::epoch)
    }

    /// Fails when the lease under which it began was lost: another process may have been active in between.
    fn check_lease(&self, begun_under: Option<LeaseEpoch>) -> Result<(), FollowError> {
        let is_held = self.lease.is_none() || (begun_under.is_some() && self.lease_epoch() == begun_under);
        if is_held { Ok(()) } else { Err(FollowError::Standby) }
    }

    /// Waits, at most until shutdown.
    pub(super) async fn wait(&self, wait: Duration) {
        if !wait.is_zero() {
            let _ = tokio::time::timeout(wait, self.shutdown.cancelled()).await;
        }
    }
}
