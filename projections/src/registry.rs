//! All projections by name: the one list that starting, rebuilding and comparing go through.

use std::future::Future;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::follower::Followers;
use crate::engine::freshness::Freshness;
use crate::engine::projection::{Projected, Projection};
use crate::read_models::campaign_catalogue::CampaignCatalogue;
use crate::read_models::campaign_windows::CampaignWindows;
use crate::read_models::claim_history::ClaimHistory;
use crate::read_models::dashboard::Dashboard;
use crate::read_models::member_facts::MemberFactsProjection;
use crate::read_models::referral_tally::ReferralTally;

/// The names of all projections.
pub const ALL: [&str; 6] = [
    MemberFactsProjection::NAME,
    ReferralTally::NAME,
    ClaimHistory::NAME,
    CampaignCatalogue::NAME,
    CampaignWindows::NAME,
    Dashboard::NAME,
];

/// The names of those that workers may feed (their `SPREAD` says why, and why the others not).
pub const FED_BY_WORKERS: [&str; 4] =
    [MemberFactsProjection::NAME, ReferralTally::NAME, ClaimHistory::NAME, CampaignWindows::NAME];

/// Something that is done with one projection, whichever it is.
pub(crate) trait Visitor: Send {
    type Answer;
    fn visit<P: Projection>(self, projection: P) -> impl Future<Output = Self::Answer> + Send;
}

/// Does it with the projection of this name, if there is one.
pub(crate) async fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Answer> {
    Some(match name {
        MemberFactsProjection::NAME => visitor.visit(MemberFactsProjection).await,
        ReferralTally::NAME => visitor.visit(ReferralTally).await,
        ClaimHistory::NAME => visitor.visit(ClaimHistory).await,
        CampaignCatalogue::NAME => visitor.visit(CampaignCatalogue).await,
        CampaignWindows::NAME => visitor.visit(CampaignWindows).await,
        Dashboard::NAME => visitor.visit(Dashboard).await,
        _ => return None,
    })
}

/// The stream types that the projection of this name folds; none for what is no projection.
pub(crate) async fn streams_of(name: &str) -> &'static [&'static str] {
    struct Streams;
    impl Visitor for Streams {
        type Answer = &'static [&'static str];
        async fn visit<P: Projection>(self, _: P) -> Self::Answer {
            P::STREAMS
        }
    }
    visit(name, Streams).await.unwrap_or_default()
}

/// The tables of all projections: what is folded from the log, and can be folded again.
pub async fn tables() -> Vec<&'static str> {
    struct Tables;
    impl Visitor for Tables {
        type Answer = &'static [&'static str];
        async fn visit<P: Projection>(self, _: P) -> Self::Answer {
            P::TABLES
        }
    }
    let mut tables = vec![];
    for name in ALL {
        tables.extend(visit(name, Tables).await.unwrap_or_default());
    }
    tables
}

/// Follows the log with every projection. The relay and reactors are added with
/// [`Followers::follow`].
#[must_use]
pub fn start_all(
    pool: PgPool,
    appended: watch::Receiver<i64>,
    freshness: Freshness,
    shutdown: CancellationToken,
) -> Followers {
    let followers = Followers::start(pool, appended, freshness, shutdown);
    follow_all(&followers);
    followers
}

/// Follows the log with every projection, beside what these loops follow already.
pub fn follow_all(followers: &Followers) {
    followers.follow(Projected::new(MemberFactsProjection));
    followers.follow(Projected::new(ReferralTally));
    followers.follow(Projected::new(ClaimHistory));
    followers.follow(Projected::new(CampaignCatalogue));
    followers.follow(Projected::new(CampaignWindows));
    followers.follow(Projected::new(Dashboard));
}
