//! What a follower does about an event that it cannot process: it parks the event's stream, or it stops.

use std::time::Duration;

use super::Follower;
use super::follow_loop::FollowLoop;
use super::pace::LAST_BACK_OFF_MS;
use crate::engine::checkpoint::stopped;
use crate::engine::freshness::FollowerState;
use crate::engine::parked;

/// How often a stopped follower checks whether an operator has resumed it.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl<F: Follower> FollowLoop<F> {
    /// Parks the stream of the event; returns how long to wait before going on.
    pub(super) async fn park(&self, position: i64, reason: &str) -> Duration {
        let name = self.follower.name();
        tracing::error!(follower = name, log.position = position, %reason, "follower cannot process an event; its stream is parked");
        let parked = async {
            let mut conn = self.pool.acquire().await?;
            parked::park(&mut conn, name, position, reason).await
        };
        match parked.await {
            Ok(()) => Duration::ZERO,
            Err(_) => Duration::from_millis(LAST_BACK_OFF_MS),
        }
    }

    /// Stops before the event until an operator retries or skips it, or until another process, perhaps with a newer
    /// binary, gets past it.
    pub(super) async fn stop(&self, position: i64, reason: &str) -> Duration {
        let name = self.follower.name();
        tracing::error!(follower = name, log.position = position, %reason, "follower cannot process an event and stopped; waiting for an operator to retry or skip it");
        self.freshness.is(name, FollowerState::Stopped { reason: format!("position {position}: {reason}") });
        let mut noted = false;
        while !self.shutdown.is_cancelled() {
            let is_stopped = async {
                let mut conn = self.pool.acquire().await?;
                if !noted {
                    stopped::stop(&mut conn, name, position, reason).await?;
                }
                stopped::is_stopped(&mut conn, name).await
            };
            match is_stopped.await {
                Ok(false) => return Duration::ZERO,
                Ok(true) => noted = true,
                // asked again
                Err(_) => {}
            }
            self.wait(LOOK_AGAIN).await;
        }
        Duration::ZERO
    }
}
