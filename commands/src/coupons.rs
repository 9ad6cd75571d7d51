//! Coupons: the codes of rewards, and the uses of what members were granted. A use is decided on the coupon's own stream, and
//! on its claim as it was read: the append refuses when the grant was taken back meanwhile. It never sees a code: codes come
//! sealed, and are found by their keyed digests.

mod codes;
mod known;
mod low;
mod staged;
mod uses;

pub use codes::{CodesError, SealedCode};
pub use known::{CodeOfCoupon, KnownCoupon};
pub(crate) use known::{CodeReader, reader};
pub use uses::{RedemptionOrder, RedemptionStep};
