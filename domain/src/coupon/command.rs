//! What can be asked of a coupon.

use super::{CouponSubject, CouponTerms, Redemption};
use crate::id::RedemptionId;
use crate::moment::Moment;
use crate::spend::HoldTime;

/// A request to use a coupon, or to end it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CouponCommand {
    /// Use it, or hold a use for later.
    Redeem(Box<RedemptionRequest>),
    /// Make a use that is held.
    Capture {
        /// Which.
        redemption_id: RedemptionId,
        /// The moment of asking.
        at: Moment,
    },
    /// Give up a use that is held.
    Release {
        /// Which.
        redemption_id: RedemptionId,
        /// The moment of asking.
        at: Moment,
    },
    /// Take back a use that was made.
    RollBack {
        /// Which.
        redemption_id: RedemptionId,
    },
    /// Record the end of holds that nobody ended in time.
    RecordDue {
        /// The moment of looking.
        at: Moment,
    },
    /// Let nobody use it any more.
    Void {
        /// Whose it is.
        coupon: Box<GrantedCoupon>,
        /// Why, for the record.
        note: String,
    },
}

/// A use of a coupon that is not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedemptionRequest {
    /// Who asks, and who uses it.
    pub redemption: Redemption,
    /// For how long it is held; `None` is a use at once.
    pub hold: Option<HoldTime>,
    /// The coupon as it was granted.
    pub coupon: GrantedCoupon,
    /// The moment of asking.
    pub at: Moment,
}

/// A coupon as its claim has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedCoupon {
    /// To whom it was granted, and by what.
    pub about: CouponSubject,
    /// What was granted.
    pub terms: CouponTerms,
    /// The grant was taken back.
    pub is_reversed: bool,
}
