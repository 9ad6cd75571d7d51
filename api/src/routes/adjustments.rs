//! `/adjustments`: staff give to the wallets of members and take from them. Beyond the unit's `fourEyesAbove` in a day, what one
//! person does alone waits for somebody else. Nobody changes a wallet of their own, or agrees with what they asked for themselves.

mod answer;
mod asked;
mod list;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, patch_with, post_with};
use axum::Json;
use axum::extract::State;
use commands::Receipt;
use domain::adjustment::Adjustment;
use domain::id::{AdjustmentId, MemberId};
use serde_json::{Value, json};
use uuid::Uuid;

use self::answer::{AdjustmentBody, Answer, OneAdjustment};
use self::asked::{AdjustmentDraft, Decision};
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Operator, Staff};
use crate::http::headers::etag::{IfMatch, Tagged};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/wallets/{id}/adjustments",
            post_with(adjust, |op| {
                op.named(
                    "adjustWallet",
                    "Gives to a member's wallet or takes from it; 202 where somebody else has to agree",
                )
                .limits(&[])
                .body_example(example())
                .refuses(&[Code::UnitUnknown, Code::MemberUnknown, Code::OwnWallet])
                .refuses(LOTS)
                .answers::<OneAdjustment>(201)
                .tells_position(201)
                .answers::<OneAdjustment>(202)
                .tells_position(202)
            }),
        )
        .api_route(
            "/adjustments",
            get_with(list::all, |op| op.named("listAdjustments", "Changes of wallets by staff, newest first")),
        )
        .api_route(
            "/adjustments/{id}",
            patch_with(decide, |op| {
                op.named(
                    "decideAdjustment",
                    "Agrees with a change of a wallet that somebody else asked for, or says no",
                )
                .limits(&[])
                .body_example(json!({"status": "APPROVED", "note": "Checked with the shop."}))
                .refuses(&[Code::MemberUnknown, Code::OwnWallet, Code::OwnAdjustment, Code::StepNotAllowed])
                .refuses(LOTS)
                .answers::<OneAdjustment>(200)
                .tells_position(200)
            })
            .get_with(one, |op| op.named("getAdjustment", "One change of a wallet by staff")),
        )
}

/// Why nothing can be taken.
const LOTS: &[Code] = &[Code::InsufficientPoints, Code::TooManyLots];

/// An adjustment as it is sent.
fn example() -> Value {
    json!({"unit": "points", "amount": 500, "note": "Lost in the move.", "expiry": {"days": 30}})
}

/// Gives or takes, or asks somebody else to agree.
async fn adjust(
    State(state): State<AppState>,
    operator: Operator,
    PathId(member): PathId,
    _: Query<Nothing>,
    Idempotent(draft, key): Idempotent<AdjustmentDraft>,
) -> Result<Answer, Problem> {
    let id = AdjustmentId(Uuid::now_v7());
    let order = draft.ordered_by(&operator, id, MemberId(member));
    let unit = order.unit.clone();
    let answer = move |receipt: &Receipt<Adjustment>| Answer::asked(id, receipt);
    let done = state.ledger.adjust(order, &operator.metadata(), &key.store(answer)).await;
    answer(&done.map_err(|error| Problem::from(error).in_unit(&unit))?)
}

/// Agrees, or says no.
async fn decide(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(decision, key): Idempotent<Decision>,
) -> Result<Answer, Problem> {
    let id = AdjustmentId(id);
    let about = state.ledger.load::<Adjustment>(&id.to_string()).await?.state.about().cloned();
    let unit = about.ok_or_else(|| Problem::new(Code::NotFound))?.unit;
    let verdict = decision.said_by(&operator, id, &seen);
    let answer = move |receipt: &Receipt<Adjustment>| Answer::decided(id, receipt);
    let done = state.ledger.decide_adjustment(verdict, &operator.metadata(), &key.store(answer)).await;
    answer(&done.map_err(|error| Problem::from(error).in_unit(&unit))?)
}

/// One adjustment, as the log has it.
async fn one(
    State(state): State<AppState>,
    _: Staff,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Tagged<Json<OneAdjustment>>>, Problem> {
    let id = AdjustmentId(id);
    let position = min.reached_by_log(&state).await?;
    let found = state.ledger.load::<Adjustment>(&id.to_string()).await?;
    let body = AdjustmentBody::of(id, &found.state).ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    let (sequence, position) = (found.sequence, position.max(found.position));
    let adjustment = body.stored(found.position, found.created_at, found.updated_at);
    Ok(At(position, Tagged(sequence, Json(OneAdjustment { adjustment }))))
}
