//! The answer to a wish for a reward: granted, pending, or refused with the reason and the evidence.
//! A refusal is a decision too: it is in the log, and the answer says where.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::{Ask, ClaimError, CommandError, Metadata, Receipt};
use domain::Moment;
use domain::claim::{Claim, ClaimRefusal, ClaimStatus, Decision, Subject};
use domain::condition::LeafEvidence;
use projections::log;
use serde::Serialize;
use serde_json::json;
use sqlx::PgPool;

use crate::once::Key;
use crate::positions::At;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A wish that was fulfilled, now or as soon as somebody approves.
pub(super) struct Answer {
    status: StatusCode,
    message: &'static str,
    claim: ClaimBody,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let body = json!({"message": self.message, "claim": self.claim});
        At(self.claim.position, (self.status, Json(body))).into_response()
    }
}

/// Decides a wish, and puts the decision into words.
pub(super) async fn answer(state: &AppState, ask: Ask, metadata: &Metadata, key: &Key) -> Result<Answer, Problem> {
    let keep = key.keep(move |receipt| decided(ask, receipt));
    match state.ledger.request_reward_keeping(ask, &state.facts, metadata, &keep).await {
        Ok(receipt) => decided(ask, &receipt),
        Err(ClaimError::Command(CommandError::Refused { refusal, position })) => {
            Err(refused(&state.pool, refusal, position).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The receipt shows the claim as it stands. This wish made it so when the judgement it rests on is of
/// this moment; else the wish was refused, and the claim is as it was before.
fn decided(ask: Ask, receipt: &Receipt<Claim>) -> Result<Answer, Problem> {
    let claim = &receipt.state;
    let (Some(status), Some(about), Some(decision)) = (claim.status(), claim.about(), claim.decision()) else {
        return Err(Problem::internal("claim", &"a decided claim has no decision"));
    };
    let of_now = receipt.appended > 0 && decision.evaluated_at == ask.at;
    match status {
        ClaimStatus::Granted if of_now => {
            Ok(Answer::new(StatusCode::CREATED, "The reward is yours.", receipt, status, about, decision))
        }
        ClaimStatus::Pending if of_now => {
            Ok(Answer::new(StatusCode::ACCEPTED, "Your wish waits for a decision.", receipt, status, about, decision))
        }
        ClaimStatus::Granted
        | ClaimStatus::Pending
        | ClaimStatus::Denied
        | ClaimStatus::Expired
        | ClaimStatus::Rejected
        | ClaimStatus::Fulfilled
        | ClaimStatus::FulfilmentFailed
        | ClaimStatus::Reversed => Err(denied(receipt)),
    }
}

fn denied(receipt: &Receipt<Claim>) -> Problem {
    let Some((reason, evidence)) = receipt.state.last_denial() else {
        return Problem::internal("claim", &"a denied claim has no denial");
    };
    Problem::new(reason.into())
        .with("claimId", &receipt.stream_id)
        .with("position", receipt.position)
        .with("evidence", evidence)
        .at(receipt.position)
        .recorded()
}

/// A claim that is not open any more: which one it is, stands in the log at its last position.
async fn refused(pool: &PgPool, refusal: ClaimRefusal, position: i64) -> Result<Problem, Problem> {
    let mut connection = pool.acquire().await?;
    let entries = log::read_between(&mut connection, position - 1, position, &[]).await?;
    let problem = Problem::from(refusal).with("position", position).at(position);
    match entries.first() {
        Some(entry) if problem.code() == Code::AlreadyClaimed => Ok(problem.with("claimId", &entry.aggregate_id)),
        Some(_) | None => Ok(problem),
    }
}

impl Answer {
    fn new(
        status: StatusCode,
        message: &'static str,
        receipt: &Receipt<Claim>,
        claim_status: ClaimStatus,
        about: &Subject,
        decision: &Decision,
    ) -> Self {
        let claim = ClaimBody {
            id: receipt.stream_id.to_string(),
            status: claim_status.name(),
            reward_id: about.reward_id.to_string(),
            event_id: about.campaign_id.to_string(),
            user_id: about.member_id.to_string(),
            period: about.period.clone(),
            amount: about.amount.get(),
            reward_type: about.reward_type.name(),
            evidence: decision.evidence.clone(),
            facts_position: decision.facts_position,
            condition_version: decision.condition_version,
            evaluated_at: decision.evaluated_at,
            time_zone: decision.time_zone.name(),
            position: receipt.position,
            created_at: receipt.created_at,
            updated_at: receipt.updated_at,
        };
        Self { status, message, claim }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClaimBody {
    id: String,
    status: &'static str,
    reward_id: String,
    event_id: String,
    user_id: String,
    period: String,
    amount: i64,
    #[serde(rename = "type")]
    reward_type: &'static str,
    evidence: Vec<LeafEvidence>,
    facts_position: i64,
    condition_version: u32,
    evaluated_at: Moment,
    time_zone: &'static str,
    position: i64,
    created_at: Option<Moment>,
    updated_at: Option<Moment>,
}
