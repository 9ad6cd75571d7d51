//! `/coupons` and `/redemptions`: a shop asks whether a coupon is good, uses it or holds a use, and takes that back; members and
//! staff see coupons, and staff void them. A code comes in a body alone, and goes to the member whose it is alone.

mod asked;
mod body;
mod list;
mod lookup;
mod steps;
mod then;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commands::{Receipt, RedemptionOrder};
use domain::coupon::Coupon;
use domain::id::{ClaimId, RedemptionId};
use domain::role::Role;
use serde_json::{Value, json};

use self::asked::{RedeemDraft, ValidateDraft, VoidDraft};
use self::body::{Answer, AnswerBody, CouponBody, OneCoupon, Validation, Viewer};
use self::then::Asked;
use crate::app::coupons::shown::code_of;
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Account, Operator, Redeemer};
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::{At, MinPosition, Written};
use crate::http::idempotency::{Idempotent, NotStored};
use crate::http::input::extract::{PathId, Query};
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/coupons/validate",
            post_with(validate, |op| {
                op.named("validateCoupon", "Says whether a coupon could be redeemed now; it is no promise")
                    .limits(&[Limit::AppendsNothing])
                    .refuses(&[Code::CouponUnknown, Code::RateLimited])
                    .answers::<Validation>(200)
            }),
        )
        .api_route(
            "/coupons/redeem",
            post_with(redeem, |op| {
                op.named("redeemCoupon", "Uses a coupon, or holds a use of it; the reference stays in the log for ever")
                    .limits(&[])
                    .body_example(example())
                    .refuses(REFUSALS)
                    .answers::<AnswerBody>(201)
                    .tells_position(201)
                    .answers::<AnswerBody>(200)
            }),
        )
        .api_route(
            "/coupons/me",
            get_with(list::own, |op| op.named("listOwnCoupons", "The caller's coupons with their codes, newest first")),
        )
        .api_route(
            "/coupons/{id}",
            get_with(one, |op| op.named("getCoupon", "One coupon; its code for its member alone")),
        )
        .api_route(
            "/coupons/{id}/void",
            post_with(void, |op| {
                op.named("voidCoupon", "Lets nobody use a coupon any more; its code returns to nobody").limits(&[])
            }),
        )
        .api_route(
            "/redemptions/{id}/capture",
            post_with(steps::capture, |op| {
                step(
                    op.named("captureRedemption", "Makes a held use of a coupon"),
                    &[Code::StepNotAllowed, Code::HoldExpired],
                )
            }),
        )
        .api_route(
            "/redemptions/{id}/release",
            post_with(steps::release, |op| {
                step(
                    op.named("releaseRedemption", "Gives a held use of a coupon up"),
                    &[Code::StepNotAllowed, Code::HoldExpired],
                )
            }),
        )
        .api_route(
            "/redemptions/{id}/rollback",
            post_with(steps::roll_back, |op| {
                step(
                    op.named("rollBackRedemption", "Takes a use of a coupon back: it counts no more"),
                    &[Code::StepNotAllowed],
                )
            }),
        )
}

fn step<'a>(op: aide::transform::TransformOperation<'a>, refuses: &[Code]) -> aide::transform::TransformOperation<'a> {
    op.limits(&[]).refuses(refuses).answers::<AnswerBody>(200).tells_position(200)
}

/// Why a coupon may not be redeemed.
const REFUSALS: &[Code] = &[
    Code::CouponUnknown,
    Code::ReferenceConflict,
    Code::CouponVoided,
    Code::CouponExpired,
    Code::CouponUsed,
    Code::RateLimited,
];

/// A use as it is sent.
fn example() -> Value {
    json!({"code": "SUMMER-7KQ29XW4HM3AB", "reference": "order-2"})
}

/// Whether a coupon could be redeemed now.
async fn validate(
    State(state): State<AppState>,
    caller: Redeemer,
    _: Query<Nothing>,
    Idempotent(draft, _): Idempotent<ValidateDraft>,
) -> Result<Response, Problem> {
    let (id, known) = lookup::coupon(&state, &caller, &draft.code, draft.member).await?;
    let verdict = known.coupon.state.check(&known.granted, draft.member, caller.at);
    let coupon = CouponBody::of(id, &known, caller.at, Viewer::Shop);
    Ok(NotStored(Json(Validation::of(verdict, coupon))).into_response())
}

/// Uses a coupon, or holds a use.
async fn redeem(
    State(state): State<AppState>,
    caller: Redeemer,
    _: Query<Nothing>,
    Idempotent(draft, key): Idempotent<RedeemDraft>,
) -> Result<Answer, Problem> {
    let (claim_id, _) = lookup::coupon(&state, &caller, &draft.code, draft.member).await?;
    let (caller_id, at) = (caller.id, caller.at);
    let id = RedemptionId::of(caller_id, &draft.reference);
    let RedeemDraft { reference, member: used_by, hold, .. } = draft;
    let order = RedemptionOrder { claim_id, caller_id, reference, used_by, hold, at };
    let answer = move |receipt: &Receipt<Coupon>| Answer::made(id, receipt, at);
    let receipt = state.ledger.redeem_coupon(order, &caller.metadata(), &key.store(answer)).await?;
    answer(&receipt)
}

/// One coupon: for staff, and with its code for its member. For others there is none.
async fn one(
    State(state): State<AppState>,
    caller: Account,
    PathId(id): PathId,
    min: MinPosition,
    Query(asked): Query<Asked>,
) -> Result<At<Tagged<Json<OneCoupon>>>, Problem> {
    let id = ClaimId(id);
    let then = asked.then(&state, caller.at).await?;
    let head = min.reached_by_log(&state).await?;
    let position = then.map_or(head, |then| then.position);
    let nothing = || Problem::new(Code::NotFound).at(position);
    let (position, sequence, coupon) = if let Some(then) = then {
        let (sequence, coupon) = then.coupons(&state, &[id]).await?.pop().ok_or_else(nothing)?;
        (position, sequence, coupon)
    } else {
        let known = state.ledger.coupon(id).await?.ok_or_else(nothing)?;
        let (sequence, position) = (known.coupon.sequence, position.max(known.coupon.position));
        (position, sequence, CouponBody::of(id, &known, caller.at, Viewer::Member))
    };
    let is_own = coupon.is_of(caller.id);
    let is_staff = match caller.role {
        Role::Operator | Role::Auditor | Role::Admin => true,
        Role::User | Role::Service => false,
    };
    if !is_own && !is_staff {
        return Err(nothing());
    }
    let code = if is_own { code_of(&state.ledger, &state.code_keys, id).await } else { Ok(None) };
    let code = code.map_err(|reason| Problem::internal("coupon", &reason))?;
    let coupon = coupon.with_code(code.as_ref());
    Ok(At(position, Tagged(sequence, Json(OneCoupon { coupon }))))
}

/// Lets nobody use a coupon any more.
async fn void(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    _: Query<Nothing>,
    Idempotent(VoidDraft { note }, key): Idempotent<VoidDraft>,
) -> Result<Written<Json<OneCoupon>>, Problem> {
    let id = ClaimId(id);
    let known = state.ledger.coupon(id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let at = operator.at;
    let answer = move |receipt: &Receipt<Coupon>| {
        let coupon = CouponBody::after(id, &known.granted, &receipt.state, at, Viewer::Member);
        Written::by(receipt, Json(OneCoupon { coupon }))
    };
    let kept = key.store(answer.clone());
    let receipt = state.ledger.void_coupon(id, note, &operator.metadata(), &kept).await?;
    Ok(answer(&receipt))
}
