//! The one place that turns failures into problems, of three kinds: refused by a rule (a code of its own with the
//! numbers a client needs), temporarily unavailable (503, may be repeated), broken (500, details only logged).

mod moves;

use commands::failure::{Failure, classify};
use commands::log::append::MAX_EVENT_BYTES;
use commands::{ClaimError, CodesError, CommandError, GuardRefusal, ReadError, WalletError};
use domain::activity::ActivityRefusal;
use domain::budget::BudgetsRefusal;
use domain::campaign::CampaignRefusal;
use domain::claim::{ClaimRefusal, DenialReason};
use domain::codes::CodesRefusal;
use domain::condition::ConditionProblem;
use domain::coupon::CouponRefusal;
use domain::member::MemberRefusal;
use domain::referral::ReferralRefusal;
use domain::spend::SpendRefusal;
use domain::unit::UnitRefusal;
use domain::value::{AllocationRefusal, Shortfall};
use projections::FoldError;
use projections::audit::AuditError;

use crate::app::activities::{RecordError, Refusal};

use super::{Code, FieldErrors, Problem};

impl<R: Into<Problem>> From<CommandError<R>> for Problem {
    fn from(error: CommandError<R>) -> Self {
        match error {
            CommandError::Refused { refusal, position: _ } => refusal.into(),
            CommandError::Guard(refusal) => refusal.into(),
            CommandError::Stale { sequence, position } => {
                Self::new(Code::ChangedMeanwhile).version(sequence).at(position)
            }
            // too many concurrent changes of the same stream: nothing was written
            CommandError::Conflict(_) | CommandError::Overloaded => Self::new(Code::Overloaded),
            CommandError::TooLarge { bytes } => {
                Self::new(Code::RecordTooLarge).with("bytes", bytes).with("limit", MAX_EVENT_BYTES)
            }
            CommandError::Unavailable => Self::new(Code::Unavailable),
            CommandError::Broken(reason) => Self::internal("command", &reason),
        }
    }
}

impl From<ClaimError> for Problem {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::AlreadyClaimed { claim_id, status, position } => Self::new(Code::AlreadyClaimed)
                .with("claimId", claim_id)
                .with("claimStatus", status.name())
                .with("position", position)
                .at(position),
            ClaimError::RewardUnknown => Self::new(Code::RewardUnknown),
            ClaimError::MemberUnknown => Self::new(Code::MemberUnknown),
            ClaimError::ReferenceMissing => {
                Self::field("reference", "required", "a claim in an event with frequency `each` needs a reference")
            }
            ClaimError::ReferenceUnasked => {
                Self::field("reference", "unasked", "only a claim in an event with frequency `each` has a reference")
            }
            ClaimError::Command(error) => error.into(),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Overloaded => Self::new(Code::Overloaded),
            ReadError::Unavailable => Self::new(Code::Unavailable),
            ReadError::Broken(reason) => Self::internal("read", &reason),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match classify(&error) {
            Failure::Constraint(constraint) => {
                refused_by(&constraint).unwrap_or_else(|| Self::internal("database", &error))
            }
            Failure::Retryable => Self::new(Code::Overloaded),
            Failure::Away => Self::new(Code::Unavailable),
            Failure::Defect => Self::internal("database", &error),
        }
    }
}

impl From<FoldError> for Problem {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Database(error) => error.into(),
            error @ (FoldError::Event { .. } | FoldError::Stored { .. }) => Self::internal("fold", &error),
        }
    }
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Database(error) => error.into(),
            error @ (AuditError::Event { .. } | AuditError::Impossible { .. }) => Self::internal("audit", &error),
        }
    }
}

impl From<GuardRefusal> for Problem {
    fn from(refusal: GuardRefusal) -> Self {
        match refusal {
            GuardRefusal::LimitReached => Self::new(Code::LimitReached),
            GuardRefusal::BudgetExhausted { budget } => {
                let problem = Self::new(Code::BudgetExhausted);
                if let Some(budget) = budget { problem.with("budget", budget) } else { problem }
            }
            GuardRefusal::OutOfStock => Self::new(Code::OutOfStock),
            GuardRefusal::BelowCommitted { committed } => Self::new(Code::BelowCommitted).with("committed", committed),
            GuardRefusal::PeriodsInUse => Self::new(Code::EventInUse),
            GuardRefusal::NameTaken => Self::new(Code::EventNameTaken),
            GuardRefusal::AlsoRefused { constraint } => {
                refused_by(&constraint).unwrap_or_else(|| Self::internal("constraint", &constraint))
            }
        }
    }
}

/// The rules that table constraints enforce, by the constraint's name.
fn refused_by(constraint: &str) -> Option<Problem> {
    match constraint {
        "accounts_one_an_email" => Some(Problem::new(Code::EmailTaken)),
        "accounts_keep_an_administrator" => Some(Problem::new(Code::LastAdmin)),
        "accounts_one_a_nickname" => Some(Problem::new(Code::NicknameTaken)),
        _ => None,
    }
}

impl From<MemberRefusal> for Problem {
    fn from(refusal: MemberRefusal) -> Self {
        match refusal {
            MemberRefusal::Unknown | MemberRefusal::Erased => Self::new(Code::NotFound),
            MemberRefusal::AlreadyRegistered => Self::internal("member", &refusal),
            MemberRefusal::SameRole => Self::new(Code::SameRole),
            MemberRefusal::OwnRole => Self::new(Code::OwnRole),
            MemberRefusal::RoleOutOfReach => Self::new(Code::Forbidden),
            MemberRefusal::TimeZoneLocked { allowed_at } => {
                Self::new(Code::TimeZoneLocked).with("allowedAt", allowed_at)
            }
        }
    }
}

impl From<CampaignRefusal> for Problem {
    fn from(refusal: CampaignRefusal) -> Self {
        match refusal {
            CampaignRefusal::Unknown | CampaignRefusal::RewardUnknown => Self::new(Code::NotFound),
            CampaignRefusal::AlreadyCreated => Self::internal("campaign", &refusal),
            CampaignRefusal::EndsBeforeItStarts => Self::field("endDate", "order", "must be after `startDate`"),
            CampaignRefusal::StepNotAllowed { from } => Self::new(Code::StepNotAllowed).with("from", from.name()),
            CampaignRefusal::UnlimitedStock => Self::new(Code::UnlimitedStock),
            CampaignRefusal::StockBelowZero => Self::new(Code::BelowCommitted),
            CampaignRefusal::StockOutOfBounds => {
                Self::field("quantityDelta", "range", "must leave a stock of at most 1000000000")
            }
            CampaignRefusal::Budgets(refusal) => refusal.into(),
            CampaignRefusal::CreditsNoPoints => Self::field("unit", "type", refusal.to_string()),
            CampaignRefusal::NothingMatures => Self::field("availableAfterDays", "type", refusal.to_string()),
            CampaignRefusal::NothingExpires => Self::field("expiry", "type", refusal.to_string()),
            CampaignRefusal::DateOutOfBounds => Self::field("expiry.date", "range", refusal.to_string()),
            CampaignRefusal::PriceInOwnUnit => Self::field("price.unit", "other", refusal.to_string()),
            CampaignRefusal::CodesOfNoCoupon => Self::field("codes", "type", refusal.to_string()),
            CampaignRefusal::CodesAreTheStock => Self::field("quantity", "codes", refusal.to_string()),
            CampaignRefusal::PriceMissing => Self::field("price", "required", refusal.to_string()),
        }
    }
}

impl From<BudgetsRefusal> for Problem {
    fn from(refusal: BudgetsRefusal) -> Self {
        Self::field("budgets", "invalid", refusal.to_string())
    }
}

impl From<ClaimRefusal> for Problem {
    fn from(refusal: ClaimRefusal) -> Self {
        match refusal {
            ClaimRefusal::Unknown => Self::new(Code::NotFound),
            ClaimRefusal::AlreadyClaimed { status } => {
                Self::new(Code::AlreadyClaimed).with("claimStatus", status.name())
            }
            ClaimRefusal::ClaimedBefore(earlier) => ClaimError::from(earlier).into(),
            ClaimRefusal::StepNotAllowed { from } => Self::new(Code::StepNotAllowed).with("from", from.name()),
            ClaimRefusal::OwnCampaign => Self::new(Code::OwnEvent),
            ClaimRefusal::OwnClaim => Self::new(Code::OwnClaim),
            ClaimRefusal::Expired { at } => Self::new(Code::ClaimExpired).with("expiredAt", at),
            ClaimRefusal::TooManyLots { covers } => Self::new(Code::TooManyLots).with("covers", covers),
            ClaimRefusal::NotYetExpired { .. } => Self::internal("claim", &refusal),
        }
    }
}

impl From<DenialReason> for Code {
    fn from(reason: DenialReason) -> Self {
        match reason {
            DenialReason::MemberBlocked => Self::MemberBlocked,
            DenialReason::CampaignNotActive => Self::EventNotActive,
            DenialReason::ConditionUnmet => Self::ConditionUnmet,
            DenialReason::LimitReached => Self::LimitReached,
            DenialReason::BudgetExhausted => Self::BudgetExhausted,
            DenialReason::OutOfStock => Self::OutOfStock,
            DenialReason::InsufficientPoints => Self::InsufficientPoints,
        }
    }
}

impl From<ActivityRefusal> for Problem {
    fn from(refusal: ActivityRefusal) -> Self {
        match refusal {
            ActivityRefusal::Conflict => Self::new(Code::ActivityConflict),
            ActivityRefusal::Unknown => Self::new(Code::NotFound),
            ActivityRefusal::AlreadyVoided => Self::new(Code::StepNotAllowed).with("from", "voided"),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(errors) => Self::invalid(errors),
            Refusal::SourceReserved => Self::new(Code::SourceReserved),
            Refusal::SourceNotAllowed => Self::new(Code::SourceNotAllowed),
            Refusal::OwnActivity => Self::new(Code::OwnActivity),
            Refusal::MemberUnknown => Self::new(Code::MemberUnknown),
            Refusal::Conflict => Self::new(Code::ActivityConflict),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Read(error) => error.into(),
            RecordError::Write(error) => error.into(),
        }
    }
}

impl From<ReferralRefusal> for Problem {
    /// A sign-up meets some of these referral refusals only through a defect.
    fn from(refusal: ReferralRefusal) -> Self {
        match refusal {
            ReferralRefusal::Unknown => Self::new(Code::NotFound),
            ReferralRefusal::StepNotAllowed { from } => Self::new(Code::StepNotAllowed).with("from", from.name()),
            ReferralRefusal::OtherInviter | ReferralRefusal::SelfInvitation => Self::internal("referral", &refusal),
        }
    }
}

impl From<UnitRefusal> for Problem {
    fn from(refusal: UnitRefusal) -> Self {
        match refusal {
            UnitRefusal::Unknown => Self::new(Code::NotFound),
            UnitRefusal::CodeTaken => Self::new(Code::UnitCodeTaken),
            UnitRefusal::DateOutOfBounds => Self::field("expiry.date", "range", refusal.to_string()),
        }
    }
}

impl<R: Into<Problem>> From<WalletError<R>> for Problem {
    fn from(error: WalletError<R>) -> Self {
        match error {
            WalletError::UnitUnknown => Self::new(Code::UnitUnknown),
            WalletError::MemberUnknown => Self::new(Code::MemberUnknown),
            WalletError::Command(error) => error.into(),
        }
    }
}

impl From<SpendRefusal> for Problem {
    fn from(refusal: SpendRefusal) -> Self {
        match refusal {
            SpendRefusal::Unknown => Self::new(Code::NotFound),
            SpendRefusal::ReferenceConflict => Self::new(Code::ReferenceConflict),
            SpendRefusal::MemberBlocked => Self::new(Code::MemberBlocked),
            SpendRefusal::Lots(refusal) => refusal.into(),
            SpendRefusal::StepNotAllowed { from } => Self::new(Code::StepNotAllowed).with("from", from.name()),
            SpendRefusal::HoldExpired { at } => Self::new(Code::HoldExpired).with("at", at),
            SpendRefusal::AmountExceedsHold { held } => Self::new(Code::AmountExceedsHold).with("held", held),
            SpendRefusal::RefundExceedsSpend { refundable } => {
                Self::new(Code::RefundExceedsSpend).with("refundable", refundable)
            }
            SpendRefusal::NotYetExpired { .. } => Self::internal("spend", &refusal),
        }
    }
}

impl From<CouponRefusal> for Problem {
    fn from(refusal: CouponRefusal) -> Self {
        match refusal {
            CouponRefusal::Unknown => Self::new(Code::CouponUnknown),
            CouponRefusal::ReferenceConflict => Self::new(Code::ReferenceConflict),
            CouponRefusal::Voided => Self::new(Code::CouponVoided),
            CouponRefusal::Expired { at } => Self::new(Code::CouponExpired).with("at", at),
            CouponRefusal::Used => Self::new(Code::CouponUsed),
            CouponRefusal::RedemptionUnknown => Self::new(Code::NotFound),
            CouponRefusal::StepNotAllowed { from } => Self::new(Code::StepNotAllowed).with("from", from.name()),
            CouponRefusal::HoldExpired { at } => Self::new(Code::HoldExpired).with("at", at),
        }
    }
}

impl From<CodesError> for Problem {
    fn from(error: CodesError) -> Self {
        match error {
            CodesError::RewardUnknown => Self::new(Code::NotFound),
            CodesError::NoCodes => Self::new(Code::RewardHasNoCodes),
            CodesError::Command(error) => error.into(),
        }
    }
}

impl From<CodesRefusal> for Problem {
    fn from(refusal: CodesRefusal) -> Self {
        match refusal {
            CodesRefusal::Nothing | CodesRefusal::TooMany => Self::field("count", "range", refusal.to_string()),
            CodesRefusal::OutOfBounds => Self::field("count", "range", refusal.to_string()),
            CodesRefusal::BelowCommitted { committed } => Self::new(Code::BelowCommitted).with("committed", committed),
        }
    }
}

impl From<AllocationRefusal> for Problem {
    /// Of which unit there is too little, whoever asked for it knows.
    fn from(refusal: AllocationRefusal) -> Self {
        match refusal {
            AllocationRefusal::Insufficient(Shortfall { need, have }) => {
                Self::new(Code::InsufficientPoints).with("need", need).with("have", have)
            }
            AllocationRefusal::TooManyLots { covers } => Self::new(Code::TooManyLots).with("covers", covers),
        }
    }
}

/// The problems of a condition as validation errors.
#[must_use]
pub fn condition_errors(problems: &[ConditionProblem], field: &str) -> FieldErrors {
    let mut errors = FieldErrors::default();
    for ConditionProblem { path, rule } in problems {
        let at = if path.is_empty() { field.to_owned() } else { format!("{field}.{path}") };
        errors.report(&at, rule.name(), rule.to_string());
    }
    errors
}
