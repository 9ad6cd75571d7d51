//! Follows the log with every projection of the registry. The relay and reactors are added with [`Followers::follow`].

use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::follower::Followers;
use crate::engine::freshness::Freshness;
use crate::engine::projection::Projection;
use crate::registry::{self, Visitor};
use crate::upkeep::projected::Projected;

/// Loops without followers yet. They know the position of each projection, whichever process feeds it. `appended`
/// announces the head of the log when this process appends; appends of other processes are found by polling.
#[must_use]
pub fn start_followers(
    pool: PgPool,
    appended: watch::Receiver<i64>,
    freshness: Freshness,
    shutdown: CancellationToken,
) -> Followers {
    Followers::start(pool, appended, freshness, &registry::DESCRIPTORS, shutdown)
}

/// Loops that follow the log with every projection.
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

/// Adds a follower for every projection to these loops.
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
