//! Why a claim is left as it is. A refused *attempt* is not here: it is an event.

use super::{ClaimStatus, EarlierClaim};
use crate::moment::Moment;
use crate::value::MAX_LOTS;

/// The named reasons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefusal {
    /// Nobody asked for this.
    #[error("there is no such claim")]
    Unknown,
    /// The member asked before and the claim is not open any more.
    #[error("claimed before: {}", status.name())]
    AlreadyClaimed {
        /// Where that claim stands.
        status: ClaimStatus,
    },
    /// An earlier account of the member asked before.
    #[error("claimed before, by an earlier account: {}", .0.status.name())]
    ClaimedBefore(EarlierClaim),
    /// The claim is not where this step starts from.
    #[error("not possible while the claim is {}", from.name())]
    StepNotAllowed {
        /// Where it stands.
        from: ClaimStatus,
    },
    /// Nobody claims in a campaign that they have made or changed.
    #[error("nobody claims in a campaign of their own")]
    OwnCampaign,
    /// Nobody decides their own claim.
    #[error("nobody decides their own claim")]
    OwnClaim,
    /// The claim waited too long.
    #[error("the claim expired at {at}")]
    Expired {
        /// When.
        at: Moment,
    },
    /// The price would take more lots than one payment may use.
    #[error("one payment uses at most {MAX_LOTS} lots, which cover {covers}")]
    TooManyLots {
        /// How much as many lots as allowed cover.
        covers: i64,
    },
    /// The claim may still be decided.
    #[error("the claim does not expire before {expires_at}")]
    NotYetExpired {
        /// When it does.
        expires_at: Moment,
    },
}
