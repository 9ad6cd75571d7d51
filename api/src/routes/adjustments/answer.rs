//! An adjustment as it is shown: when it is asked for, when it is decided, and later.

use axum::http::StatusCode;
use commands::Receipt;
use domain::Moment;
use domain::adjustment::{Adjustment, AdjustmentStatus};
use domain::id::{AdjustmentId, MemberId};
use domain::quantity::SignedAmount;
use domain::value::UnitCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::problem::Problem;
use crate::http::headers::step_answer::StepAnswer;

/// One adjustment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdjustmentAnswer")]
pub(super) struct AdjustmentBody {
    id: AdjustmentId,
    status: AdjustmentStatus,
    member_id: MemberId,
    unit: UnitCode,
    /// How much is given; below zero, taken.
    amount: SignedAmount,
    /// Who asked for it.
    operator_id: MemberId,
    note: String,
    /// When what it gave is over.
    expires_at: Option<Moment>,
    /// Who else agreed or said no.
    decided_by: Option<MemberId>,
    decision_note: Option<String>,
    /// That of its last event.
    position: Option<i64>,
    created_at: Option<Moment>,
    updated_at: Option<Moment>,
}

impl AdjustmentBody {
    /// The adjustment, before it is known where its events stand.
    pub(super) fn of(id: AdjustmentId, adjustment: &Adjustment) -> Option<Self> {
        let (about, decision) = (adjustment.about()?, adjustment.decision());
        let lot = adjustment.change().and_then(|change| change.given());
        Some(Self {
            id,
            status: adjustment.status()?,
            member_id: about.member_id,
            unit: about.unit.clone(),
            amount: about.amount,
            operator_id: about.operator_id,
            note: about.note.clone(),
            expires_at: lot.and_then(|lot| lot.expires_at),
            decided_by: decision.map(|decision| decision.by),
            decision_note: decision.and_then(|decision| decision.note.clone()),
            position: None,
            created_at: None,
            updated_at: None,
        })
    }

    /// The same, with what the log says of it.
    pub(super) fn stored(self, position: i64, created_at: Option<Moment>, updated_at: Option<Moment>) -> Self {
        Self { position: Some(position), created_at, updated_at, ..self }
    }
}

/// One adjustment that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneAdjustment {
    pub(super) adjustment: AdjustmentBody,
}

/// The answer to a step.
pub(super) type Answer = StepAnswer<OneAdjustment>;

impl Answer {
    /// A change was asked for: it is made, or waits.
    pub(super) fn asked(id: AdjustmentId, receipt: &Receipt<Adjustment>) -> Result<Self, Problem> {
        let waits = receipt.state.status() == Some(AdjustmentStatus::Pending);
        Self::after(id, receipt, if waits { StatusCode::ACCEPTED } else { StatusCode::CREATED })
    }

    /// Somebody else has said yes or no.
    pub(super) fn decided(id: AdjustmentId, receipt: &Receipt<Adjustment>) -> Result<Self, Problem> {
        Self::after(id, receipt, StatusCode::OK)
    }

    fn after(id: AdjustmentId, receipt: &Receipt<Adjustment>, status: StatusCode) -> Result<Self, Problem> {
        let body = AdjustmentBody::of(id, &receipt.state);
        let body = body.ok_or_else(|| Problem::internal("adjustment", &"one that was made is not there"))?;
        let adjustment = body.stored(receipt.position, receipt.created_at, receipt.updated_at);
        Ok(Self::by(status, receipt, OneAdjustment { adjustment }))
    }
}
