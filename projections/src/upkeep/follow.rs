//! Follows the log with every projection of the registry. The relay and reactors are added with [`Followers::follow`].

use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::follower::Followers;
use crate::engine::freshness::Freshness;
use crate::engine::projection::Projection;
use crate::registry::{self, Visitor};
use crate::upkeep::projected::Projected;

/// The loops of a process that follow nothing yet; they know how far each projection is, whoever feeds it. `appended`
/// brings the head from whoever appends in this process, at once; other processes are seen by polling.
#[must_use]
pub fn start_followers(
    pool: PgPool,
    appended: watch::Receiver<i64>,
    freshness: Freshness,
    shutdown: CancellationToken,
) -> Followers {
    Followers::start(pool, appended, freshness, &registry::DESCRIPTORS, shutdown)
}

/// The same, following the log with every projection.
#[must_use]
pub fn start_all(
    pool: PgPool,
    appended: watch::Receiver<i64>,
    freshness: Freshness,
    shutdown: CancellationToken,
) -> Followers {
    let followers = start_followers(pool, appended, freshness, shutdown);
    follow_all(&followers);
    followers
}

/// Follows the log with every projection, beside what these loops follow already.
pub fn follow_all(followers: &Followers) {
    struct Follow<'a>(&'a Followers);
    impl Visitor for Follow<'_> {
        type Answer = ();
        fn visit<P: Projection>(self, projection: P) {
            self.0.follow(Projected::new(projection));
        }
    }
    for name in registry::ALL {
        registry::visit(name, Follow(followers));
    }
}
