//! All projections: the one list that starting, rebuilding, verifying and comparing go through.

use crate::engine::projection::{Descriptor, Projection, Spread};
use crate::read_models::adjustments::Adjustments;
use crate::read_models::campaign_analytics::CampaignAnalytics;
use crate::read_models::campaign_catalogue::CampaignCatalogue;
use crate::read_models::campaign_windows::CampaignWindows;
use crate::read_models::claim_history::ClaimHistory;
use crate::read_models::coupons::Coupons;
use crate::read_models::dashboard::Dashboard;
use crate::read_models::member_facts::MemberFactsProjection;
use crate::read_models::referral_tally::ReferralTally;
use crate::read_models::spends::Spends;
use crate::read_models::value::Value;
use crate::read_models::wallets::Wallets;

/// Something that is done with one projection, whichever it is.
pub(crate) trait Visitor {
    type Answer;
    fn visit<P: Projection>(self, projection: P) -> Self::Answer;
}

macro_rules! registry {
    ($($projection:ident),* $(,)?) => {
        /// What is known of each projection without folding anything.
        pub(crate) static DESCRIPTORS: [Descriptor; ALL.len()] = [$(Descriptor::of::<$projection>()),*];

        /// The names of all projections.
        pub const ALL: [&str; [$($projection::NAME),*].len()] = [$($projection::NAME),*];

        /// Does it with the projection of this name, if there is one.
        pub(crate) fn visit<V: Visitor>(name: &str, visitor: V) -> Option<V::Answer> {
            match name {
                $($projection::NAME => Some(visitor.visit($projection)),)*
                _ => None,
            }
        }
    };
}

registry![
    MemberFactsProjection,
    ReferralTally,
    ClaimHistory,
    CampaignCatalogue,
    CampaignWindows,
    CampaignAnalytics,
    Dashboard,
    Spends,
    Wallets,
    Value,
    Adjustments,
    Coupons,
];

/// What is known of the projection of this name.
pub(crate) fn find(name: &str) -> Option<&'static Descriptor> {
    DESCRIPTORS.iter().find(|known| known.name == name)
}

/// The names of those that workers may feed (their `SPREAD` says why, and why the others not).
#[must_use]
pub fn fed_by_workers() -> Vec<&'static str> {
    DESCRIPTORS.iter().filter(|known| known.spread == Spread::BySubject).map(|known| known.name).collect()
}

/// The tables of all projections: what is folded from the log, and can be folded again.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    DESCRIPTORS.iter().flat_map(|known| known.tables).copied().collect()
}
