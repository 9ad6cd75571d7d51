//! Keeps the server running while we do: looks several times a second, and starts it again when it
//! ended. Connections of before are lost; the pool makes new ones. Does not know why it ended, the
//! server's log does.

use super::Shared;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_millis(250);
const FIRST_BACK_OFF: Duration = Duration::from_millis(250);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);

/// Runs until cancelled.
pub(super) async fn supervise(shared: Arc<Shared>, stopping: CancellationToken) {
    while stopping.run_until_cancelled(sleep(LOOK_EVERY)).await.is_some() {
        if !shared.is_alive().await {
            start_again(&shared, &stopping).await;
        }
    }
}

async fn start_again(shared: &Shared, stopping: &CancellationToken) {
    let noticed = Instant::now();
    let log = shared.server_log();
    tracing::warn!(log = %log.display(), "embedded PostgreSQL exited: restarting it");
    let mut back_off = FIRST_BACK_OFF;
    while !stopping.is_cancelled() {
        match shared.bring_up().await {
            Ok(_) => {
                let took_ms = u64::try_from(noticed.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(took_ms, "embedded PostgreSQL is running again");
                return;
            }
            Err(error) => {
                tracing::error!(%error, "embedded PostgreSQL did not start: retrying");
            }
        }
        if stopping.run_until_cancelled(sleep(back_off)).await.is_none() {
            return;
        }
        back_off = (back_off * 2).min(LONGEST_BACK_OFF);
    }
}
