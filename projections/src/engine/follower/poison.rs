//! What a follower does about an event that it cannot take in: it leaves the event's stream aside, or it stops.

use std::time::Duration;

use super::Follower;
use super::follow_loop::FollowLoop;
use super::pace::LAST_BACK_OFF_MS;
use crate::engine::checkpoint::stopped;
use crate::engine::freshness::FollowerState;
use crate::engine::parked;

/// How often a stopped follower looks whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl<F: Follower> FollowLoop<F> {
    /// Goes on without the stream of an impossible event, after so long.
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

    /// Stops before an impossible event, until somebody has it tried again or left out; whoever follows
    /// elsewhere, perhaps with a newer program, may get past it as well.
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
