//! The same decision about many claims: each is judged by itself, and what is allowed is appended at once.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commands::{CommandError, ReadError, Unit};
use domain::Moment;
use domain::claim::{Claim, ClaimRefusal, ClaimStatus};
use domain::id::ClaimId;
use domain::member::Member;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::Decision;
use crate::app::accounts::withdrawal;
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::Problem;
use crate::http::auth::Operator;
use crate::http::headers::positions::LEDGER_POSITION;
use crate::http::idempotency::{Idempotent, Key};
use crate::http::input::extract::Query;
use crate::http::state::AppState;

/// The most claims of one batch.
const MAX_BATCH: usize = 200;

/// Which claims, and what about all of them.
pub(super) struct Batch {
    ids: Vec<ClaimId>,
    decision: Decision,
}

impl FromFields for Batch {
    fn read(fields: &mut Fields) -> Option<Self> {
        let ids = ids(fields);
        let decision = Decision::read(fields);
        Some(Self { ids: ids?, decision: decision? })
    }
}

fn ids(fields: &mut Fields) -> Option<Vec<ClaimId>> {
    let ids = fields.required("ids", readers::list(0, MAX_BATCH, readers::id::<Uuid>()))?;
    Some(ids.into_iter().map(ClaimId).collect())
}

/// Decides many claims. They are judged in order, so that a claim that is named twice has already gone on when
/// it is met again.
pub(super) async fn decide_all(
    State(state): State<AppState>,
    operator: Operator,
    _: Query<Nothing>,
    Idempotent(batch, key): Idempotent<Batch>,
) -> Result<Response, Problem> {
    let mut retry = state.ledger.retry();
    loop {
        match judge(&state, &operator, &batch, &key).await {
            Err(BatchError::Append(CommandError::Conflict(claim))) if retry.after_conflict(&claim).await => {}
            Ok(answer) => return Ok(answer),
            Err(BatchError::Append(error)) => return Err(error.into()),
            Err(BatchError::Problem(problem)) => return Err(problem),
        }
    }
}

enum BatchError {
    Append(CommandError<ClaimRefusal>),
    Problem(Problem),
}

/// One reading for all claims, one append for all that goes on.
async fn judge(state: &AppState, operator: &Operator, batch: &Batch, key: &Key) -> Result<Response, BatchError> {
    let unit = state.ledger.unit(operator.metadata());
    let ids: Vec<String> = batch.ids.iter().map(ClaimId::to_string).collect();
    unit.preload::<Claim>(&ids).await.map_err(|error| BatchError::Problem(error.into()))?;
    withdraw_from_nobody(&unit, &ids, operator.at).await?;
    let mut results = Vec::with_capacity(ids.len());
    for id in ids {
        let judged = unit.change_claim(&id, batch.decision.clone().command(operator)).await;
        results.push(match judged {
            Ok(receipt) => Judged { id, status: receipt.state.status().map(ClaimStatus::name), code: None },
            Err(CommandError::Refused { refusal, position: _ }) => {
                Judged { id, status: None, code: Some(Problem::from(refusal).code().name()) }
            }
            Err(error) => return Err(BatchError::Append(error)),
        });
    }
    let kept = results.clone();
    let unit = unit.storing(key.store_unit(move |appended| answer(&kept, Some(appended.last_position))));
    let appended = unit.commit::<ClaimRefusal>().await.map_err(BatchError::Append)?;
    Ok(answer(&results, appended.map(|appended| appended.last_position)))
}

/// A pending claim whose member was erased is withdrawn before it is decided: nobody is left to approve it to.
async fn withdraw_from_nobody(unit: &Unit<'_>, ids: &[String], at: Moment) -> Result<(), BatchError> {
    let broken = |error: ReadError| BatchError::Problem(error.into());
    let mut pending = Vec::new();
    for id in ids {
        let claim = unit.load::<Claim>(id).await.map_err(broken)?.state;
        if let Some(about) = claim.about().filter(|_| claim.status() == Some(ClaimStatus::Pending)) {
            pending.push((id, about.member_id.to_string()));
        }
    }
    let members: Vec<String> = pending.iter().map(|(_, member)| member.clone()).collect();
    unit.preload::<Member>(&members).await.map_err(broken)?;
    for (id, member) in pending {
        if unit.load::<Member>(&member).await.map_err(broken)?.state.is_erased()
            && unit.load::<Claim>(id).await.map_err(broken)?.state.status() == Some(ClaimStatus::Pending)
        {
            unit.change_claim(id, withdrawal(at)).await.map_err(BatchError::Append)?;
        }
    }
    Ok(())
}

fn answer(results: &[Judged], position: Option<i64>) -> Response {
    let mut response = Json(Results { results }).into_response();
    if let Some(position) = position {
        response.headers_mut().insert(LEDGER_POSITION, position.into());
    }
    response
}

/// What became of each, in the order in which they were named.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DecisionResults")]
pub(super) struct Results<'a> {
    results: &'a [Judged],
}

/// Where the claim stands now, or why it stands where it stood.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "DecisionResult")]
struct Judged {
    #[schemars(with = "Uuid")]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ClaimStatus>")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}
