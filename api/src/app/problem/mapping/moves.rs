//! The codes of refused adjustments and transfers.

use domain::adjustment::AdjustmentRefusal;
use domain::transfer::TransferRefusal;
use domain::value::UnitCode;

use super::{Code, Problem};

impl From<AdjustmentRefusal> for Problem {
    fn from(refusal: AdjustmentRefusal) -> Self {
        match refusal {
            AdjustmentRefusal::Unknown => Self::new(Code::NotFound),
            AdjustmentRefusal::OwnWallet => Self::new(Code::OwnWallet),
            AdjustmentRefusal::OwnAdjustment => Self::new(Code::OwnAdjustment),
            AdjustmentRefusal::StepNotAllowed { from } => Self::new(Code::StepNotAllowed).with("from", from.name()),
            AdjustmentRefusal::Lots(refusal) => refusal.into(),
            AdjustmentRefusal::NothingToChange => Self::field("amount", "range", refusal.to_string()),
            // ids are made for each
            AdjustmentRefusal::AlreadyMade => Self::internal("adjustment", &refusal),
        }
    }
}

impl From<TransferRefusal> for Problem {
    fn from(refusal: TransferRefusal) -> Self {
        match refusal {
            TransferRefusal::ToOneself => Self::field("toMemberId", "self", refusal.to_string()),
            TransferRefusal::ReferenceConflict => Self::new(Code::ReferenceConflict),
            TransferRefusal::TransfersOff => Self::new(Code::TransfersOff),
            TransferRefusal::MemberBlocked => Self::new(Code::MemberBlocked),
            TransferRefusal::LimitReached { limit } => Self::new(Code::LimitReached).with("limit", limit),
            TransferRefusal::Lots(refusal) => refusal.into(),
        }
    }
}

impl Problem {
    /// The same; where lots were the reason, with the unit that they are of.
    #[must_use]
    pub fn in_unit(self, unit: &UnitCode) -> Self {
        if matches!(self.code(), Code::InsufficientPoints | Code::TooManyLots) { self.with("unit", unit) } else { self }
    }
}
