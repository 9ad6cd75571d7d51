//! What becomes of a payment: held points are captured or released, paid ones refunded. Each step is asked for by the service
//! that asked for the payment; for others there is none.

use axum::extract::State;
use commands::{AnswerFromReceipt, Receipt, SpendStep};
use domain::id::SpendId;
use domain::quantity::Amount;
use domain::spend::Spend;
use domain::value::Reference;

use super::answer::Answer;
use super::is_visible;
use crate::app::input::fields::{Fields, FromFields, Nothing};
use crate::app::input::value::{amount, reference};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Spender;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;

/// How much is captured; all of it where nothing is said.
pub(super) struct Capture {
    amount: Option<Amount>,
}

impl FromFields for Capture {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { amount: fields.optional("amount", amount())? })
    }
}

/// Takes held points.
pub(super) async fn capture(
    State(state): State<AppState>,
    caller: Spender,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(Capture { amount }, key): Idempotent<Capture>,
) -> Result<Answer, Problem> {
    let at = caller.at;
    let answer = move |receipt: &Receipt<Spend>| Answer::ended(receipt, at);
    let receipt = change(&state, &caller, SpendId(id), SpendStep::Capture { amount }, &key.store(answer)).await?;
    answer(&receipt)
}

/// Gives held points back.
pub(super) async fn release(
    State(state): State<AppState>,
    caller: Spender,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(_, key): Idempotent<Nothing>,
) -> Result<Answer, Problem> {
    let at = caller.at;
    let answer = move |receipt: &Receipt<Spend>| Answer::ended(receipt, at);
    let receipt = change(&state, &caller, SpendId(id), SpendStep::Release, &key.store(answer)).await?;
    answer(&receipt)
}

/// What is given back, and what the service calls it; all that is left where nothing is said.
pub(super) struct Refund {
    reference: Reference,
    amount: Option<Amount>,
}

impl FromFields for Refund {
    fn read(fields: &mut Fields) -> Option<Self> {
        let reference = fields.required("reference", reference());
        let amount = fields.optional("amount", amount());
        Some(Self { reference: reference?, amount: amount? })
    }
}

/// Gives paid points back.
pub(super) async fn refund(
    State(state): State<AppState>,
    caller: Spender,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(Refund { reference, amount }, key): Idempotent<Refund>,
) -> Result<Answer, Problem> {
    let at = caller.at;
    let step = SpendStep::Refund { reference: reference.clone(), amount };
    let answer = move |receipt: &Receipt<Spend>| Answer::refunded(receipt, &reference, at);
    let receipt = change(&state, &caller, SpendId(id), step, &key.store(answer.clone())).await?;
    answer(&receipt)
}

/// Who asked for a payment never changes, so that it may be looked at before.
async fn change(
    state: &AppState,
    caller: &Spender,
    id: SpendId,
    step: SpendStep,
    keep: &AnswerFromReceipt<Spend>,
) -> Result<Receipt<Spend>, Problem> {
    let found = state.ledger.load::<Spend>(&id.to_string()).await?;
    if !is_visible(&found.state, caller) {
        return Err(Problem::new(Code::NotFound));
    }
    Ok(state.ledger.change_spend(id, step, caller.at, &caller.metadata(), keep).await?)
}
