//! Makes a signed checkpoint of the log every hour, in services that have the signing key. A lease lets one process do
//! it at a time; a duplicate is stored once. It does not know what a checkpoint contains.

use std::time::Duration;

use projections::audit::Tree;
use projections::{Followers, Lease, log};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::app::audit::checkpoints::{CheckpointError, Checkpoints, last};

/// The name of its lease.
const NAME: &str = "checkpoints";
/// The time between two checkpoints, if the log has grown.
const EVERY_SECONDS: f64 = 3_600.0;
/// How often it checks whether one is due.
const LOOK: Duration = Duration::from_secs(5);

/// Makes checkpoints beside the followers until shutdown.
pub fn keep_checkpoints(checkpoints: Checkpoints, pool: PgPool, followers: &Followers, shutdown: CancellationToken) {
    let lease = followers.lease(NAME);
    followers.run(keep(checkpoints, pool, lease, shutdown));
}

async fn keep(checkpoints: Checkpoints, pool: PgPool, lease: Lease, shutdown: CancellationToken) {
    let mut signed = Signed::default();
    while !shutdown.is_cancelled() {
        if lease.is_held()
            && let Err(reason) = round(&checkpoints, &pool, &mut signed).await
        {
            tracing::warn!(%reason, "a checkpoint of the log could not be made; retrying");
            signed = Signed::default();
        }
        let _ = tokio::time::timeout(LOOK, shutdown.cancelled()).await;
    }
}

/// The tree of the last checkpoint, so that only newer events are read.
#[derive(Debug, Default)]
struct Signed {
    /// The epoch of the log: a restored log may have different events.
    epoch: i64,
    tree: Tree,
}

async fn round(checkpoints: &Checkpoints, pool: &PgPool, signed: &mut Signed) -> Result<(), CheckpointError> {
    let mut conn = pool.acquire().await?;
    let head = log::head(&mut conn).await?;
    let is_due = match last(&mut conn).await? {
        Some((ago, position)) => ago >= EVERY_SECONDS && position != head.position,
        None => head.position > 0,
    };
    if !is_due {
        return Ok(());
    }
    if signed.epoch != head.epoch {
        *signed = Signed { epoch: head.epoch, tree: Tree::default() };
    }
    checkpoints.make_and_keep(&mut conn, &mut signed.tree, head.position).await
}
