//! The codes of refused adjustments and transfers.

use commands::{AdjustmentError, TransferError};
use domain::adjustment::AdjustmentRefusal;
use domain::transfer::TransferRefusal;

use super::{Code, Problem};

impl From<AdjustmentError> for Problem {
    fn from(error: AdjustmentError) -> Self {
        match error {
            AdjustmentError::UnitUnknown => Self::new(Code::UnitUnknown),
            AdjustmentError::MemberUnknown => Self::new(Code::MemberUnknown),
            AdjustmentError::Command(error) => error.into(),
        }
    }
}

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

impl From<TransferError> for Problem {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::UnitUnknown => Self::new(Code::UnitUnknown),
            TransferError::MemberUnknown => Self::new(Code::MemberUnknown),
            TransferError::Command(error) => error.into(),
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
