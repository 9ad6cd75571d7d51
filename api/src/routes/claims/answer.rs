//! The answer to a claim request: granted, pending, or refused with the reason and the evidence.
//! A refusal is a decision too: it is in the log, and the answer says where. A dry run is answered the same,
//! but stands nowhere.

use aide::OperationOutput;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::{ClaimRequest, Metadata, Receipt};
use domain::Moment;
use domain::claim::{Claim, ClaimStatus, DenialReason, PriceShortfall};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::i18n::{Said, phrases};
use crate::app::problem::Problem;
use crate::http::headers::etag::Tagged;
use crate::http::headers::has_coupon::WithCoupon;
use crate::http::headers::positions::At;
use crate::http::idempotency::{Key, NotStored};
use crate::http::state::AppState;
use crate::routes::claim_body::ClaimBody;

/// Whether a claim request is only tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DryRun {
    /// Decided and written.
    No,
    /// Decided and forgotten.
    Yes,
}

impl DryRun {
    /// A refusal says when it was one of a dry run, and that it stands nowhere.
    pub(super) fn mark(self, problem: Problem) -> Problem {
        match self {
            Self::No => problem,
            Self::Yes => problem.nowhere().with("dryRun", true),
        }
    }
}

/// A claim request that was fulfilled, now or as soon as somebody approves.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    /// Number in its stream and position of the last event; none after a dry run.
    last: Option<(i64, i64)>,
    body: AnswerBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerBody {
    message: Said,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    claim: ClaimBody,
}

impl OperationOutput for Answer {
    type Inner = AnswerBody;
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let has_coupon = self.body.claim.has_coupon();
        let response = (self.status, Json(self.body)).into_response();
        match self.last {
            Some((sequence, position)) => {
                WithCoupon(has_coupon, Tagged(sequence, At(position, response))).into_response()
            }
            None => NotStored(response).into_response(),
        }
    }
}

/// Decides a claim request, and puts the decision into words.
pub(super) async fn answer(
    state: &AppState,
    request: ClaimRequest,
    dry_run: DryRun,
    metadata: &Metadata,
    key: &Key,
) -> Result<Answer, Problem> {
    let at = request.at;
    let decision = match dry_run {
        DryRun::No => {
            let keep = key.store(move |receipt| decided(at, dry_run, receipt));
            state.ledger.request_reward_storing(request, &state.facts, metadata, &keep).await
        }
        DryRun::Yes => state.ledger.dry_run_reward(request, &state.facts).await,
    };
    match decision {
        Ok(receipt) => decided(at, dry_run, &receipt),
        Err(error) => Err(dry_run.mark(error.into())),
    }
}

/// The receipt shows the claim as it stands. This request made it so when the judgement it rests on is of
/// this moment; else the request was refused, and the claim is as it was before.
fn decided(asked_at: Moment, dry_run: DryRun, receipt: &Receipt<Claim>) -> Result<Answer, Problem> {
    let (Some(claim), Some(decision)) = (ClaimBody::of(receipt), receipt.state.decision()) else {
        return Err(Problem::internal("claim", &"a decided claim has no decision"));
    };
    let of_now = receipt.appended > 0 && decision.evaluated_at == asked_at;
    let (status, message) = match receipt.state.status() {
        Some(ClaimStatus::Granted) if of_now => (StatusCode::CREATED, phrases::claim_granted()),
        Some(ClaimStatus::Pending) if of_now => (StatusCode::ACCEPTED, phrases::claim_pending()),
        None
        | Some(
            ClaimStatus::Granted
            | ClaimStatus::Pending
            | ClaimStatus::Denied
            | ClaimStatus::Expired
            | ClaimStatus::Rejected
            | ClaimStatus::Fulfilled
            | ClaimStatus::FulfilmentFailed
            | ClaimStatus::Reversed,
        ) => return Err(denied(dry_run, receipt)),
    };
    Ok(match dry_run {
        DryRun::No => Answer {
            status,
            last: Some((receipt.sequence, receipt.position)),
            body: AnswerBody { message, dry_run: None, claim },
        },
        DryRun::Yes => {
            let claim = claim.without_position();
            Answer { status, last: None, body: AnswerBody { message, dry_run: Some(true), claim } }
        }
    })
}

/// The refusal as it is in the log: one that repeats the last is that one, with its moment and its facts.
fn denied(dry_run: DryRun, receipt: &Receipt<Claim>) -> Problem {
    let Some((reason, decision)) = receipt.state.last_denial() else {
        return Problem::internal("claim", &"a denied claim has no denial");
    };
    let problem = Problem::new(reason.into())
        .with("claimId", &receipt.stream_id)
        .with("position", receipt.position)
        .with("evidence", &decision.evidence)
        .with("conditionVersion", decision.condition_version)
        .with("factsPosition", decision.facts_position)
        .with("evaluatedAt", decision.evaluated_at)
        .with("timeZone", decision.time_zone.name())
        .at(receipt.position);
    let problem = match (reason, receipt.state.last_shortfall()) {
        (DenialReason::InsufficientPoints, (_, Some(PriceShortfall { unit, need, have }))) => {
            problem.with("unit", unit).with("need", need).with("have", have)
        }
        (DenialReason::BudgetExhausted, (Some(budget), _)) => problem.with("budget", budget),
        (
            DenialReason::MemberBlocked
            | DenialReason::CampaignNotActive
            | DenialReason::ConditionUnmet
            | DenialReason::LimitReached
            | DenialReason::BudgetExhausted
            | DenialReason::OutOfStock
            | DenialReason::InsufficientPoints,
            _,
        ) => problem,
    };
    match dry_run {
        DryRun::No => problem.recorded(),
        DryRun::Yes => dry_run.mark(problem),
    }
}
