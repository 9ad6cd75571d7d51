//! What a service asks for: a payment, and whether it is only tried.

use commands::SpendOrder;
use domain::id::MemberId;
use domain::quantity::Amount;
use domain::spend::HoldTime;
use domain::value::{Reference, UnitCode};
use uuid::Uuid;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::input::value::{amount, hold_time, reference, unit_code};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Caller;

/// A payment as it is asked for.
pub(super) struct SpendDraft {
    reference: Reference,
    member: MemberId,
    unit: UnitCode,
    amount: Amount,
    hold: Option<HoldTime>,
}

impl FromFields for SpendDraft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let reference = fields.required("reference", reference());
        let member = fields.required("memberId", readers::id::<Uuid>());
        let unit = fields.optional("unit", unit_code());
        let amount = fields.required("amount", amount());
        let hold = fields.optional("hold", readers::boolean());
        // a payment at once holds nothing: how long it would be is read and not needed
        let expires_after = fields.optional("expiresAfter", hold_time());
        let expires_after = expires_after?.unwrap_or_default();
        Some(Self {
            reference: reference?,
            member: MemberId(member?),
            unit: unit?.unwrap_or_else(UnitCode::points),
            amount: amount?,
            hold: hold?.unwrap_or(false).then_some(expires_after),
        })
    }
}

impl SpendDraft {
    /// The payment as this caller asks for it.
    pub(super) fn ordered_by(self, caller: &Caller) -> SpendOrder {
        SpendOrder {
            member_id: self.member,
            caller_id: caller.id,
            reference: self.reference,
            unit: self.unit,
            amount: self.amount,
            hold: self.hold,
            at: caller.at,
        }
    }
}

/// Whether a payment is only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DryRun {
    /// Decided and written.
    No,
    /// Decided and forgotten.
    Yes,
}

/// `?dryRun=true` only looks; anything else in the query is refused, so that a slip never becomes a real payment.
impl FromFields for DryRun {
    fn read(fields: &mut Fields) -> Option<Self> {
        let dry_run = fields.optional("dryRun", readers::flag());
        Some(if dry_run? == Some(true) { Self::Yes } else { Self::No })
    }
}

impl DryRun {
    /// A refusal says when it was one of a dry run, and of what there is too little.
    pub(super) fn mark(self, problem: Problem, unit: &UnitCode) -> Problem {
        let problem = if problem.code() == Code::InsufficientPoints { problem.with("unit", unit) } else { problem };
        match self {
            Self::No => problem,
            Self::Yes => problem.nowhere().with("dryRun", true),
        }
    }
}
