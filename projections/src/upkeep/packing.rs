//! Keeps the log packed (see `log::packed`): one process at a time packs each page once it is complete. Nothing waits
//! for it, since pages that are not packed yet are read from the events table.

use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::follower::Followers;
use crate::engine::lease::Lease;
use crate::log::{self, packed};

/// The name of its lease.
const NAME: &str = "log_pages";
/// How often to check for a complete page.
const LOOK: Duration = Duration::from_secs(2);

/// Packs the log beside the followers until shutdown.
pub fn keep_packed(followers: &Followers, shutdown: CancellationToken) {
    let (lease, pool, head) = (followers.lease(NAME), followers.pool().clone(), followers.head());
    followers.run(keep(lease, pool, head, shutdown));
}

/// Packs all of the log that can be packed.
///
/// # Errors
/// The database's.
pub async fn pack_all(pool: &PgPool) -> sqlx::Result<()> {
    let head = log::head(&mut *pool.acquire().await?).await?.position;
    let mut done = 0;
    while let Some(through) = pack_next(pool, done, head).await? {
        done = through;
    }
    Ok(())
}

async fn keep(lease: Lease, pool: PgPool, head: watch::Receiver<i64>, shutdown: CancellationToken) {
    let mut done = 0;
    while !shutdown.is_cancelled() {
        let begun = Instant::now();
        let mut rest = LOOK;
        if lease.is_held() {
            let head = *head.borrow();
            // after a restore from a backup the log may be shorter
            done = done.min(head);
            match pack_next(&pool, done, head).await {
                // rest as long as packing took, so that packing a long log does not slow the service down
                Ok(Some(through)) => (done, rest) = (through, begun.elapsed()),
                Ok(None) => done = head,
                Err(reason) => tracing::warn!(%reason, "packing the log failed; retrying later"),
            }
        }
        let _ = tokio::time::timeout(rest, shutdown.cancelled()).await;
    }
}

/// Packs the first complete, unpacked page after a position; the result is its last position. A page that cannot be
/// packed is left out.
async fn pack_next(pool: &PgPool, done: i64, head: i64) -> sqlx::Result<Option<i64>> {
    if head / packed::POSITIONS <= done / packed::POSITIONS {
        return Ok(None);
    }
    let mut conn = pool.acquire().await?;
    let next: Option<i64> = sqlx::query_scalar(
        "select page.through
        from generate_series(($1 / $3 + 1) * $3, $2, $3) as page(through)
        where not exists (select from log_pages where log_pages.through = page.through)
        order by page.through
        limit 1",
    )
    .bind(done)
    .bind(head)
    .bind(packed::POSITIONS)
    .persistent(false)
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(through) = next
        && !packed::pack(&mut conn, through).await?
    {
        tracing::warn!(through, "page of the log cannot be packed; replays read it from the events table");
    }
    Ok(next)
}
