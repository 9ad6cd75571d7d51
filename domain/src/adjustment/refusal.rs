//! Why an adjustment is left as it is.

use super::AdjustmentStatus;
use crate::value::AllocationRefusal;

/// The named reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdjustmentRefusal {
    /// Nobody asked for this.
    #[error("there is no such adjustment")]
    Unknown,
    /// There is one of this id.
    #[error("there is an adjustment of this id")]
    AlreadyMade,
    /// Its amount is 0.
    #[error("an amount of 0 changes nothing")]
    NothingToChange,
    /// Nobody changes a wallet of their own.
    #[error("nobody changes a wallet of their own")]
    OwnWallet,
    /// Nobody agrees with their own adjustment.
    #[error("nobody decides an adjustment that they asked for")]
    OwnAdjustment,
    /// It is decided already.
    #[error("not possible while the adjustment is {}", from.name())]
    StepNotAllowed {
        /// Where it stands.
        from: AdjustmentStatus,
    },
    /// No lots are taken.
    #[error(transparent)]
    Lots(#[from] AllocationRefusal),
}
