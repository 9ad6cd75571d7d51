//! `/spends`: a service takes points of members in payment, at once or held for later, and gives them back. Whatever it repeats
//! is answered as before. A service sees what it asked for itself, staff see everything.

mod answer;
mod asked;
mod list;
mod steps;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use commands::Receipt;
use domain::id::SpendId;
use domain::role::Role;
use domain::spend::Spend;
use serde_json::{Value, json};

use self::answer::{Answer, AnswerBody, OneSpend, SpendBody};
use self::asked::{DryRun, SpendDraft};
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Caller, Spender, StaffOrSpender};
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/spends",
            post_with(spend, |op| {
                op.named(
                    "spend",
                    "Takes points of a member in payment, or holds them; the reference stays in the log for ever",
                )
                .limits(&[])
                .body_example(example())
                .refuses(REFUSALS)
                .answers::<AnswerBody>(201)
                .tells_position(201)
                .answers::<AnswerBody>(200)
            })
            .get_with(list::all, |op| op.named("listSpends", "All payments, newest first")),
        )
        .api_route("/spends/{id}", get_with(one, |op| op.named("getSpend", "One payment")))
        .api_route(
            "/spends/{id}/capture",
            post_with(steps::capture, |op| {
                op.named("captureSpend", "Takes held points, or some of them; the others are back")
                    .limits(&[])
                    .refuses(&[Code::StepNotAllowed, Code::HoldExpired, Code::AmountExceedsHold])
                    .answers::<AnswerBody>(200)
                    .tells_position(200)
            }),
        )
        .api_route(
            "/spends/{id}/release",
            post_with(steps::release, |op| {
                op.named("releaseSpend", "Gives held points back")
                    .limits(&[])
                    .refuses(&[Code::StepNotAllowed, Code::HoldExpired])
                    .answers::<AnswerBody>(200)
                    .tells_position(200)
            }),
        )
        .api_route(
            "/spends/{id}/refunds",
            post_with(steps::refund, |op| {
                op.named(
                    "refundSpend",
                    "Gives paid points back, or some of them; the reference stays in the log for ever",
                )
                .limits(&[])
                .refuses(&[Code::StepNotAllowed, Code::ReferenceConflict, Code::RefundExceedsSpend])
                .answers::<AnswerBody>(201)
                .tells_position(201)
                .answers::<AnswerBody>(200)
            }),
        )
}

/// Why a payment may be refused.
const REFUSALS: &[Code] = &[
    Code::UnitUnknown,
    Code::MemberUnknown,
    Code::ReferenceConflict,
    Code::MemberBlocked,
    Code::InsufficientPoints,
    Code::TooManyLots,
];

/// A payment as it is sent.
fn example() -> Value {
    json!({
        "reference": "order-1",
        "memberId": "0190a0a0-0000-7000-8000-000000000000",
        "amount": 300,
        "hold": true,
        "expiresAfter": "15m",
    })
}

/// Takes points in payment, or holds them.
async fn spend(
    State(state): State<AppState>,
    caller: Spender,
    Query(dry_run): Query<DryRun>,
    Idempotent(draft, key): Idempotent<SpendDraft>,
) -> Result<Answer, Problem> {
    let order = draft.ordered_by(&caller);
    let (unit, at) = (order.unit.clone(), order.at);
    let id = SpendId::of(order.caller_id, &order.reference);
    let done = match dry_run {
        DryRun::No => {
            let keep = key.store(move |receipt: &Receipt<Spend>| Answer::made(receipt, at));
            let spent = state.ledger.spend(order, &caller.metadata(), &keep).await;
            spent.map_err(Problem::from).and_then(|receipt| Answer::made(&receipt, at))
        }
        DryRun::Yes => {
            let is_repeated = state.ledger.load::<Spend>(&id.to_string()).await?.state.about().is_some();
            let tried = state.ledger.try_spend(order).await;
            tried.map_err(Problem::from).and_then(|spend| Answer::tried(id, &spend, at, is_repeated))
        }
    };
    done.map_err(|problem| dry_run.mark(problem, &unit))
}

/// One payment: the own, or any for staff. What another service asked for is not there.
async fn one(
    State(state): State<AppState>,
    caller: StaffOrSpender,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Tagged<Json<OneSpend>>>, Problem> {
    let id = SpendId(id);
    let position = min.reached_by_log(&state).await?;
    let found = state.ledger.load::<Spend>(&id.to_string()).await?;
    let nothing = || Problem::new(Code::NotFound).at(position);
    if !is_visible(&found.state, &caller) {
        return Err(nothing());
    }
    let (sequence, position) = (found.sequence, position.max(found.position));
    let body = SpendBody::of(id, &found.state, caller.at).ok_or_else(nothing)?;
    let spend = body.stored(found.position, found.created_at, found.updated_at);
    Ok(At(position, Tagged(sequence, Json(OneSpend { spend }))))
}

/// Whether the caller may see a payment.
fn is_visible(spend: &Spend, caller: &Caller) -> bool {
    match caller.role {
        Role::Operator | Role::Auditor | Role::Admin => true,
        Role::User | Role::Service => spend.about().is_some_and(|about| about.caller_id == caller.id),
    }
}
