//! A payment as it is shown: after each step, and when it is asked for. A repeated step says so, and a dry run stands nowhere.

use aide::OperationOutput;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::Receipt;
use domain::Moment;
use domain::id::{MemberId, SpendId};
use domain::spend::{Spend, SpendStatus};
use domain::value::{Portion, Reference, UnitCode};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::problem::Problem;
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::Written;
use crate::http::idempotency::NotStored;

/// One payment.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpendAnswer")]
pub(super) struct SpendBody {
    id: SpendId,
    status: SpendStatus,
    reference: Reference,
    member_id: MemberId,
    /// The service that asked for it.
    caller_id: MemberId,
    unit: UnitCode,
    amount: i64,
    captured: i64,
    refunded: i64,
    /// From which lots it was paid, in the order in which they were used.
    lots: Vec<Portion>,
    /// The position of the log up to which the member's lots were known.
    lots_position: i64,
    /// Until when the points are or were held.
    expires_at: Option<Moment>,
    /// That of its last event.
    position: Option<i64>,
    created_at: Option<Moment>,
    updated_at: Option<Moment>,
}

impl SpendBody {
    /// The payment as it stands at a moment, before it is known where its events stand.
    pub(super) fn of(id: SpendId, spend: &Spend, at: Moment) -> Option<Self> {
        let (about, paid) = (spend.about()?, spend.paid()?);
        Some(Self {
            id,
            status: spend.status_at(at)?,
            reference: about.reference.clone(),
            member_id: about.member_id,
            caller_id: about.caller_id,
            unit: about.unit.clone(),
            amount: paid.amount.get(),
            captured: spend.captured(),
            refunded: spend.refunded(),
            lots: paid.lots.clone(),
            lots_position: paid.lots_position,
            expires_at: spend.expires_at(),
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

/// One payment that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneSpend {
    pub(super) spend: SpendBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpendStepAnswer")]
pub(super) struct AnswerBody {
    spend: SpendBody,
    /// The refund that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundBody>,
    /// The same was asked for before: nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RefundAnswer")]
struct RefundBody {
    reference: Reference,
    amount: i64,
}

/// The answer to a step.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    /// Number in its stream of the last event, and the position that was written; none after a dry run.
    last: Option<(i64, Option<i64>)>,
    body: AnswerBody,
}

impl OperationOutput for Answer {
    type Inner = AnswerBody;
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let response = (self.status, Json(self.body)).into_response();
        match self.last {
            Some((sequence, position)) => Tagged(sequence, Written(position, response)).into_response(),
            None => NotStored(response).into_response(),
        }
    }
}

impl Answer {
    /// A payment was made.
    pub(super) fn made(receipt: &Receipt<Spend>, at: Moment) -> Result<Self, Problem> {
        Self::after(receipt, StatusCode::CREATED, at)
    }

    /// A payment was tried.
    pub(super) fn tried(id: SpendId, spend: &Spend, at: Moment, is_repeated: bool) -> Result<Self, Problem> {
        let spend = SpendBody::of(id, spend, at).ok_or_else(nothing)?;
        let duplicate = is_repeated.then_some(true);
        let status = if is_repeated { StatusCode::OK } else { StatusCode::CREATED };
        Ok(Self { status, last: None, body: AnswerBody { spend, refund: None, duplicate, dry_run: Some(true) } })
    }

    /// A hold has ended.
    pub(super) fn ended(receipt: &Receipt<Spend>, at: Moment) -> Result<Self, Problem> {
        Self::after(receipt, StatusCode::OK, at)
    }

    /// Points were given back.
    pub(super) fn refunded(receipt: &Receipt<Spend>, reference: &Reference, at: Moment) -> Result<Self, Problem> {
        let answer = Self::after(receipt, StatusCode::CREATED, at)?;
        let amount = receipt.state.refunded_under(reference).ok_or_else(nothing)?;
        let refund = Some(RefundBody { reference: reference.clone(), amount });
        Ok(Self { body: AnswerBody { refund, ..answer.body }, ..answer })
    }

    /// What was asked for before is answered with 200, whatever it was.
    fn after(receipt: &Receipt<Spend>, status: StatusCode, at: Moment) -> Result<Self, Problem> {
        let id = Uuid::parse_str(&receipt.stream_id).map_err(|error| Problem::internal("spend", &error))?;
        let spend = SpendBody::of(SpendId(id), &receipt.state, at).ok_or_else(nothing)?;
        let spend = spend.stored(receipt.position, receipt.created_at, receipt.updated_at);
        let is_repeated = receipt.appended == 0;
        Ok(Self {
            status: if is_repeated { StatusCode::OK } else { status },
            last: Some((receipt.sequence, Some(receipt.position).filter(|_| !is_repeated))),
            body: AnswerBody { spend, refund: None, duplicate: is_repeated.then_some(true), dry_run: None },
        })
    }
}

fn nothing() -> Problem {
    Problem::internal("spend", &"a payment that was made is not there")
}
