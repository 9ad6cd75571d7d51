//! What becomes of a use of a coupon. Each step is asked for by the service that asked for the use; for others there is none.

use axum::extract::State;
use commands::{Receipt, RedemptionStep};
use domain::coupon::Coupon;
use domain::id::RedemptionId;

use super::body::Answer;
use crate::app::input::fields::Nothing;
use crate::app::problem::Problem;
use crate::http::auth::Redeemer;
use crate::http::idempotency::{Idempotent, Key};
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;

/// Makes a held use.
pub(super) async fn capture(
    State(state): State<AppState>,
    caller: Redeemer,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(_, key): Idempotent<Nothing>,
) -> Result<Answer, Problem> {
    step(&state, &caller, RedemptionId(id), RedemptionStep::Capture, &key).await
}

/// Gives a held use up.
pub(super) async fn release(
    State(state): State<AppState>,
    caller: Redeemer,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(_, key): Idempotent<Nothing>,
) -> Result<Answer, Problem> {
    step(&state, &caller, RedemptionId(id), RedemptionStep::Release, &key).await
}

/// Takes a use back.
pub(super) async fn roll_back(
    State(state): State<AppState>,
    caller: Redeemer,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(_, key): Idempotent<Nothing>,
) -> Result<Answer, Problem> {
    step(&state, &caller, RedemptionId(id), RedemptionStep::RollBack, &key).await
}

async fn step(
    state: &AppState,
    caller: &Redeemer,
    id: RedemptionId,
    step: RedemptionStep,
    key: &Key,
) -> Result<Answer, Problem> {
    let at = caller.at;
    let answer = move |receipt: &Receipt<Coupon>| Answer::changed(id, receipt, at);
    let kept = key.store(answer);
    let receipt = state.ledger.change_redemption(id, caller.id, step, at, &caller.metadata(), &kept).await?;
    answer(&receipt)
}
