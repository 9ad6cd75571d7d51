//! Tells that a reward has few codes left: an ordinary command, once until codes are added. Each process looks at what it has
//! handed out itself, and at everything when it starts, since a process that died may have had something to tell.

use std::collections::BTreeSet;
use std::time::Duration;

use commands::{CodesError, Ledger, Metadata};
use domain::id::RewardId;
use projections::Followers;
use tokio_util::sync::CancellationToken;

use crate::app::clock;

/// How long it rests between two looks: in a stampede each batch of grants is a reason to look.
const REST: Duration = Duration::from_millis(500);
/// How long it waits after a look that failed.
const PAUSE: Duration = Duration::from_secs(2);

/// Starts it beside the followers, until shutdown.
pub fn start(ledger: Ledger, followers: &Followers, shutdown: CancellationToken) {
    followers.run(async move {
        tokio::select! {
            () = watch(&ledger) => {}
            () = shutdown.cancelled() => {}
        }
    });
}

async fn watch(ledger: &Ledger) {
    let mut due = loop {
        match ledger.rewards_with_codes().await {
            Ok(rewards) => break rewards,
            Err(reason) => {
                tracing::warn!(%reason, "codes: what is left cannot be looked at; retrying");
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    loop {
        let failed = tell(ledger, &due).await;
        if failed.is_empty() {
            tokio::time::sleep(REST).await;
            due = ledger.low_on_codes().await;
        } else {
            tokio::time::sleep(PAUSE).await;
            due = failed;
        }
    }
}

/// Looks at each of them; those that could not be looked at come back.
async fn tell(ledger: &Ledger, rewards: &BTreeSet<RewardId>) -> BTreeSet<RewardId> {
    let mut failed = BTreeSet::new();
    for reward in rewards {
        match ledger.tell_low_codes(*reward, &Metadata::system(clock::now())).await {
            Ok(_) | Err(CodesError::RewardUnknown | CodesError::NoCodes) => {}
            Err(reason @ CodesError::Command(_)) => {
                tracing::warn!(%reward, %reason, "codes: what is left cannot be looked at; retrying");
                failed.insert(*reward);
            }
        }
    }
    failed
}
