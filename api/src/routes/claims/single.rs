//! One claim with everything that happened to it, read from the log.

use axum::Json;
use axum::extract::State;
use domain::claim::{Claim, ClaimEvent};
use domain::id::ClaimId;
use domain::role::Role;
use domain::{Event, Moment};
use projections::log::{Entry, read_stream};
use projections::read_models::claim_history::{self, ClaimRow};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::claim_names::{EventLine, RewardLine};
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Caller, Member};
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;
use crate::routes::claim_body::ClaimBody;
use crate::routes::claim_list::{Line, READ, lines};

/// One claim with its steps: the own, or any for staff. What is another member's is not there.
pub(super) async fn one(
    State(state): State<AppState>,
    member: Member,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<Tagged<At<Json<Single>>>, Problem> {
    let position = min.reached_by(&READ, &state).await?;
    let row = visible(&state, &member, ClaimId(id)).await?.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    let (claim, history) = told(&state, &row).await?;
    let lines = lines(&mut *state.pool.acquire().await?, vec![row]).await?;
    let line = lines.into_iter().next().ok_or_else(|| broken(&"a claim is in no list"))?;
    let Line { reward, event, reason, .. } = line;
    let sequence = i64::try_from(history.len()).unwrap_or(i64::MAX);
    let single = Single { claim: Told { claim, reward, event, reason, history } };
    Ok(Tagged(sequence, At(position, Json(single))))
}

/// One claim as far as the caller may see it: what is another member's is not there.
pub(super) async fn visible(state: &AppState, caller: &Caller, id: ClaimId) -> Result<Option<ClaimRow>, Problem> {
    let sees_all = match caller.role {
        Role::Operator | Role::Auditor | Role::Admin => true,
        Role::User | Role::Service => false,
    };
    let row = claim_history::find(&state.pool, id).await?;
    Ok(row.filter(|row| sees_all || row.member_id == caller.id.0))
}

/// What the log tells of a claim: as much as the row has taken in, so that all parts of the answer agree.
async fn told(state: &AppState, row: &ClaimRow) -> Result<(ClaimBody, Vec<Step>), Problem> {
    let mut connection = state.pool.acquire().await?;
    let id = ClaimId(row.claim_id);
    let entries = read_stream(&mut connection, "claim", &id.to_string()).await?;
    let mut folded = Claim::default();
    let mut history = Vec::with_capacity(entries.len());
    for entry in entries.iter().filter(|entry| entry.position <= row.position) {
        let event = claim_event(entry)?;
        folded.evolve(&event);
        history.push(Step::of(entry, event));
    }
    let (created_at, updated_at) = (Moment::from(row.created_at), Moment::from(row.updated_at));
    let claim = ClaimBody::stored(&folded, id, row.position, created_at, updated_at);
    Ok((claim.ok_or_else(|| broken(&"a claim has no event"))?, history))
}

pub(super) fn claim_event(entry: &Entry) -> Result<ClaimEvent, Problem> {
    match entry.event().map_err(|error| broken(&error))? {
        Event::Claim(event) => Ok(event),
        Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) | Event::Value(_) => {
            Err(broken(&"a claim holds another kind of event"))
        }
    }
}

pub(super) fn broken(error: &dyn std::fmt::Display) -> Problem {
    Problem::internal("claim", error)
}

/// One claim.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OneClaim")]
pub(super) struct Single {
    claim: Told,
}

/// A claim with everything that happened to it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ClaimWithHistory")]
struct Told {
    #[serde(flatten)]
    claim: ClaimBody,
    reward: RewardLine,
    event: EventLine,
    reason: Option<String>,
    history: Vec<Step>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ClaimStep")]
struct Step {
    step: &'static str,
    at: Moment,
    actor: String,
    note: Option<String>,
    position: i64,
}

impl Step {
    fn of(entry: &Entry, event: ClaimEvent) -> Self {
        let (step, note) = step(event);
        Self { step, at: entry.recorded_at, actor: entry.actor.clone(), note, position: entry.position }
    }
}

fn step(event: ClaimEvent) -> (&'static str, Option<String>) {
    match event {
        ClaimEvent::Denied(_) => ("denied", None),
        ClaimEvent::Submitted(_) => ("pending", None),
        ClaimEvent::Granted(_) => ("granted", None),
        ClaimEvent::Approved(step) => ("approved", step.note),
        ClaimEvent::Rejected(step) => ("rejected", step.note),
        ClaimEvent::Expired(_) => ("expired", None),
        ClaimEvent::Withdrawn(_) => ("withdrawn", None),
        ClaimEvent::Fulfilled(step) => ("fulfilled", step.note),
        ClaimEvent::FulfilmentFailed(step) => ("fulfilment_failed", step.note),
        ClaimEvent::Reversed(step) => ("reversed", step.note),
        ClaimEvent::Credited(_) => ("credited", None),
    }
}
