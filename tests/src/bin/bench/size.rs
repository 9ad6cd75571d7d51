//! Does a long log slow claims down? The same claims in process on two databases of one server, whose logs differ in
//! nothing but their length: members with a streak of seven days, of whom as many claim on either, and stand far apart.
//! Then, on the long one, members of whom each is seen for the first time: what a cold cache costs, whatever the log.

use std::path::Path;
use std::sync::Arc;

use domain::id::MemberId;
use tests::support::folder;
use tests::support::postgres::Cluster;
use uuid::Uuid;

use crate::fill::fill;
use crate::ours::{self, Ours};

/// What one event takes on the disk, its rows in indexes and read models and the write-ahead log included, at most.
pub(crate) const BYTES_AN_EVENT: u64 = 2_500;

/// So many rounds of claims are made before any counts.
pub(crate) const WARM_UP_ROUNDS: u32 = 5;
/// The claims are spread over so many rewards, on both logs.
const REWARDS: usize = 400;

/// A log of so many events, and members who may claim.
pub(crate) async fn prepare(cluster: &Arc<Cluster>, events: usize) -> Ours {
    assert_room(&folder::target(), events as u64 * BYTES_AN_EVENT);
    let database = cluster.database().await;
    let pool = database.pool().await;
    sqlx::migrate!("../migrations").run(&pool).await.unwrap();
    // one registration and seven log-ins each
    let members: Vec<_> = (0..events / 8).map(|_| MemberId(Uuid::now_v7())).collect();
    fill(&pool, ours::streaks(members.clone(), ours::now())).await;
    Ours::over(database, pool, members, REWARDS).await
}

pub(crate) fn assert_room(folder: &Path, needed: u64) {
    let disk = nix::sys::statvfs::statvfs(folder).unwrap();
    let free = disk.blocks_available() as u64 * disk.fragment_size() as u64;
    assert!(free > needed, "{} needs {} MB more", folder.display(), (needed - free) / 1_000_000);
}
