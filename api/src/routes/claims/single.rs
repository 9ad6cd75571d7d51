//! One claim with everything that happened to it, read from the log.

use axum::Json;
use axum::extract::State;
use domain::claim::ClaimEvent;
use domain::id::ClaimId;
use domain::role::Role;
use domain::{Event, Moment};
use projections::claim_history;
use projections::log::{Entry, read_stream};
use schemars::JsonSchema;
use serde::Serialize;

use super::history::{Line, READ, lines};
use crate::callers::Member;
use crate::extract::{PathId, Query};
use crate::fields::Nothing;
use crate::positions::{At, MinPosition};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// One claim with its steps: the own, or any for staff. What is another member's is not there.
pub(super) async fn one(
    State(state): State<AppState>,
    member: Member,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Json<Single>>, Problem> {
    let position = min.reached_by(&READ, &state).await?;
    let sees_all = match member.role {
        Role::Operator | Role::Auditor | Role::Admin => true,
        Role::User | Role::Service => false,
    };
    let row = claim_history::find(&state.pool, ClaimId(id)).await?;
    let row = row.filter(|row| sees_all || row.member_id == member.id.0);
    let row = row.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    let line = lines(&state, vec![row]).await?.pop();
    let mut connection = state.pool.acquire().await?;
    let stored = read_stream(&mut connection, "claim", &id.to_string()).await?;
    let history = stored.iter().map(Step::of).collect::<Result<Vec<_>, _>>()?;
    Ok(At(position, Json(Single { claim: line.map(|line| Claim { line, history }) })))
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Single {
    claim: Option<Claim>,
}

/// A claim with everything that happened to it.
#[derive(Debug, Serialize, JsonSchema)]
struct Claim {
    #[serde(flatten)]
    line: Line,
    history: Vec<Step>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Step {
    step: &'static str,
    at: Moment,
    actor: String,
    note: Option<String>,
    position: i64,
}

impl Step {
    fn of(entry: &Entry) -> Result<Self, Problem> {
        let event = entry.event().map_err(|error| Problem::internal("claim", &error))?;
        let (step, note) = match event {
            Event::Claim(event) => step(event),
            Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) => {
                return Err(Problem::internal("claim", &"a claim holds another kind of event"));
            }
        };
        Ok(Self { step, at: entry.recorded_at, actor: entry.actor.clone(), note, position: entry.position })
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
        ClaimEvent::Fulfilled(step) => ("fulfilled", step.note),
        ClaimEvent::FulfilmentFailed(step) => ("fulfilment_failed", step.note),
        ClaimEvent::Reversed(step) => ("reversed", step.note),
    }
}
