//! `PATCH /events/{id}` and the steps of an event's life. With `If-Match` only on what was seen.

use axum::Json;
use axum::extract::State;
use commands::Receipt;
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand, Revision};
use domain::id::CampaignId;

use super::answer::EventBody;
use crate::app::input::fields::Nothing;
use crate::app::problem::Problem;
use crate::http::auth::Operator;
use crate::http::headers::etag::{IfMatch, Tagged};
use crate::http::headers::positions::Written;
use crate::http::idempotency::{Idempotent, Key};
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;
use crate::routes::budget_body::names_units;

type Changed = Written<Tagged<Json<EventBody>>>;

/// Changes what it names: a moment stays when only the zone changes, a date is taken in the new zone.
pub(super) async fn revise(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(revision, key): Idempotent<Revision>,
) -> Result<Changed, Problem> {
    names_units(&state, revision.budgets.as_deref().unwrap_or_default()).await?;
    let command = CampaignCommand::Revise { revision: Box::new(revision), at: operator.at };
    change(&state, &operator, CampaignId(id), &seen, command, &key).await
}

/// Stops it for a while: nobody can claim.
pub(super) async fn pause(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(_, key): Idempotent<Nothing>,
) -> Result<Changed, Problem> {
    change(&state, &operator, CampaignId(id), &seen, CampaignCommand::Pause { at: operator.at }, &key).await
}

/// Lets it go on.
pub(super) async fn resume(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(_, key): Idempotent<Nothing>,
) -> Result<Changed, Problem> {
    change(&state, &operator, CampaignId(id), &seen, CampaignCommand::Resume { at: operator.at }, &key).await
}

/// Ends it for good.
pub(super) async fn end(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(_, key): Idempotent<Nothing>,
) -> Result<Changed, Problem> {
    change(&state, &operator, CampaignId(id), &seen, CampaignCommand::End { at: operator.at }, &key).await
}

async fn change(
    state: &AppState,
    operator: &Operator,
    id: CampaignId,
    seen: &IfMatch,
    command: CampaignCommand,
    key: &Key,
) -> Result<Changed, Problem> {
    let now = operator.at;
    let answer = move |receipt: &Receipt<Campaign>| changed(receipt, now);
    key.execute_at(&state.ledger, &id.to_string(), command, &operator.metadata(), seen, answer).await?
}

fn changed(receipt: &Receipt<Campaign>, now: Moment) -> Result<Changed, Problem> {
    let body = EventBody::after(receipt, now).ok_or_else(|| Problem::internal("event", &"it is not there"))?;
    Ok(Written::by(receipt, Tagged(receipt.sequence, Json(body))))
}
