//! Why a coupon is not used, or left as it is.

use super::UseStatus;
use crate::moment::Moment;

/// The named reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CouponRefusal {
    /// There is no such coupon, or it is bound to somebody else, which is told to nobody.
    #[error("there is no such coupon")]
    Unknown,
    /// The caller has called something else by this reference.
    #[error("the reference stands for something else")]
    ReferenceConflict,
    /// The coupon, or the grant that handed it out, was taken back.
    #[error("the coupon is void")]
    Voided,
    /// The coupon is over.
    #[error("the coupon expired at {at}")]
    Expired {
        /// When.
        at: Moment,
    },
    /// All its uses are made or promised.
    #[error("the coupon is used")]
    Used,
    /// There is no such use of this coupon.
    #[error("there is no such redemption")]
    RedemptionUnknown,
    /// The use is not where this step starts from.
    #[error("not possible while the redemption is {}", from.name())]
    StepNotAllowed {
        /// Where it stands.
        from: UseStatus,
    },
    /// Nobody ended the hold in time.
    #[error("the hold expired at {at}")]
    HoldExpired {
        /// When.
        at: Moment,
    },
}
