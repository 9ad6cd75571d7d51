//! Why a payment is left as it is.

use super::SpendStatus;
use crate::moment::Moment;
use crate::value::AllocationRefusal;

/// The named reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpendRefusal {
    /// Nobody asked for this.
    #[error("there is no such payment")]
    Unknown,
    /// The caller has called something else by this reference.
    #[error("the reference stands for something else")]
    ReferenceConflict,
    /// The member's payments are refused.
    #[error("the member is blocked")]
    MemberBlocked,
    /// No lots are taken.
    #[error(transparent)]
    Lots(#[from] AllocationRefusal),
    /// The payment is not where this step starts from.
    #[error("not possible while the payment is {}", from.name())]
    StepNotAllowed {
        /// Where it stands.
        from: SpendStatus,
    },
    /// Nobody ended the hold in time.
    #[error("the hold expired at {at}")]
    HoldExpired {
        /// When.
        at: Moment,
    },
    /// The hold may still be ended.
    #[error("the hold does not expire before {expires_at}")]
    NotYetExpired {
        /// When it does.
        expires_at: Moment,
    },
    /// More is to be captured than is held.
    #[error("no more than {held} are held")]
    AmountExceedsHold {
        /// How much is held.
        held: i64,
    },
    /// More is to be refunded than is left of what was captured.
    #[error("no more than {refundable} can be refunded")]
    RefundExceedsSpend {
        /// How much is left.
        refundable: i64,
    },
}
