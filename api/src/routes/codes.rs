//! `/rewards/{id}/codes`: the codes that a reward hands out, uploaded or generated, and the last ones withdrawn. No answer has a
//! code in it: whoever uploads codes has them, and generated ones are for members alone.

mod answer;
mod draft;
mod upload;

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::post_with;
use axum::Json;
use axum::extract::State;
use commands::Receipt;
use domain::codes::Codes;
use domain::id::RewardId;
use uuid::Uuid;

use self::answer::{Added, Taken, Withdrawn, added, withdrawn};
use self::draft::{Generation, Withdrawal};
use self::upload::Upload;
use crate::app::coupons::add::Adding;
use crate::app::coupons::batch;
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::auth::Operator;
use crate::http::headers::positions::Written;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::{Created, Describe as _};
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/rewards/{id}/codes",
            post_with(upload, |op| {
                op.named("addCodes", "Adds codes to a reward, behind the others: all of them or none")
                    .limits(&[Limit::LargeBody])
                    .refuses(&[Code::RewardHasNoCodes])
            }),
        )
        .api_route(
            "/rewards/{id}/codes/generate",
            post_with(generate, |op| {
                op.named("generateCodes", "Makes codes that nobody can guess, and adds them to a reward")
                    .limits(&[])
                    .refuses(&[Code::RewardHasNoCodes])
            }),
        )
        .api_route(
            "/rewards/{id}/codes/withdraw",
            post_with(withdraw, |op| {
                op.named("withdrawCodes", "Takes the last codes of a reward out again, none of them given or promised")
                    .limits(&[])
                    .refuses(&[Code::RewardHasNoCodes, Code::BelowCommitted])
            }),
        )
}

/// What is taken of the reward just before: claims go on meanwhile.
async fn taken(state: &AppState, reward: RewardId) -> Result<Taken, Problem> {
    let (_, stock) = state.ledger.reward_with_codes(reward).await?;
    Ok(Taken(stock.held + stock.granted))
}

/// Adds uploaded codes.
async fn upload(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    _: Query<Nothing>,
    Upload { form, bytes, key }: Upload,
) -> Result<Written<Created<Added>>, Problem> {
    let reward = RewardId(id);
    let taken = taken(&state, reward).await?;
    let read = tokio::task::spawn_blocking(move || batch::read(form, &bytes)).await;
    let batch = read.map_err(|error| Problem::internal("codes", &error))??;
    let answer = move |receipt: &Receipt<Codes>| added(receipt, taken);
    let (metadata, answer_kept) = (operator.metadata(), key.store(answer));
    adding(&state, reward, &metadata, &answer_kept).add(batch).await.and_then(|receipt| answer(&receipt))
}

/// Makes codes and adds them.
async fn generate(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(Generation { format, count }, key): Idempotent<Generation>,
) -> Result<Written<Created<Added>>, Problem> {
    let reward = RewardId(id);
    let taken = taken(&state, reward).await?;
    let answer = move |receipt: &Receipt<Codes>| added(receipt, taken);
    let (metadata, kept) = (operator.metadata(), key.store(answer));
    adding(&state, reward, &metadata, &kept).generate(format, count).await.and_then(|receipt| answer(&receipt))
}

fn adding<'a>(
    state: &'a AppState,
    reward: RewardId,
    metadata: &'a commands::Metadata,
    answer: &'a commands::AnswerFromReceipt<Codes>,
) -> Adding<'a> {
    let keys: &Arc<_> = &state.code_keys;
    Adding { ledger: &state.ledger, keys, reward, batch_id: Uuid::now_v7(), metadata, answer }
}

/// Takes the last codes out again.
async fn withdraw(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(Withdrawal { count }, key): Idempotent<Withdrawal>,
) -> Result<Written<Json<Withdrawn>>, Problem> {
    let reward = RewardId(id);
    let taken = taken(&state, reward).await?;
    let answer = move |receipt: &Receipt<Codes>| withdrawn(receipt, count, taken);
    let kept = key.store(answer);
    let receipt = state.ledger.withdraw_codes(reward, count, &operator.metadata(), &kept).await?;
    Ok(answer(&receipt))
}
