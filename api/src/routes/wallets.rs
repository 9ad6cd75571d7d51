//! `/wallets`: what members have. Members see their own, staff and the services that take payments all. Balances are those of
//! the moment that is asked about: what is due by then is over, whether that was recorded or not. Nothing is changed here.

mod asked;
mod lots;
mod statement;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use domain::Moment;
use domain::id::MemberId;
use domain::quantity::Scale;
use domain::value::{Dated, Standing, UnitCode};
use projections::read_models::wallets::Lots;
use schemars::JsonSchema;
use serde::Serialize;

use self::asked::{Asked, Found};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Member, StaffOrSpender};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/wallets/me", get_with(own, |op| op.named("getOwnWallets", "What the caller has of each unit")))
        .api_route(
            "/wallets/me/lots",
            get_with(lots::own, |op| {
                op.named("listOwnLots", "What was given to the caller, newest first").refuses(&[Code::UnitUnknown])
            }),
        )
        .api_route(
            "/wallets/me/statement",
            get_with(statement::own, |op| {
                op.named("listOwnStatement", "What happened to the caller's wallet, newest first")
                    .refuses(&[Code::UnitUnknown])
            }),
        )
        .api_route(
            "/wallets/{id}",
            get_with(of_member, |op| {
                op.named("getWallets", "What a member has of each unit").refuses(&[Code::MemberUnknown])
            }),
        )
        .api_route(
            "/wallets/{id}/lots",
            get_with(lots::of_member, |op| {
                op.named("listLots", "What was given to a member, newest first")
                    .refuses(&[Code::MemberUnknown, Code::UnitUnknown])
            }),
        )
        .api_route(
            "/wallets/{id}/statement",
            get_with(statement::of_member, |op| {
                op.named("listStatement", "What happened to a member's wallet, newest first")
                    .refuses(&[Code::MemberUnknown, Code::UnitUnknown])
            }),
        )
}

/// What the caller has.
async fn own(
    State(state): State<AppState>,
    member: Member,
    min: MinPosition,
    Query(asked): Query<Asked>,
) -> Result<At<Json<WalletsBody>>, Problem> {
    wallets(&state, member.id, asked, min, member.at).await
}

/// What a member has.
async fn of_member(
    State(state): State<AppState>,
    caller: StaffOrSpender,
    PathId(member): PathId,
    min: MinPosition,
    Query(asked): Query<Asked>,
) -> Result<At<Json<WalletsBody>>, Problem> {
    let member = asked::member(&state, &caller, MemberId(member)).await?;
    wallets(&state, member, asked, min, caller.at).await
}

async fn wallets(
    state: &AppState,
    member: MemberId,
    asked: Asked,
    min: MinPosition,
    now: Moment,
) -> Result<At<Json<WalletsBody>>, Problem> {
    let Found { mut by_unit, clock, as_of } = asked.holdings(state, member, None, Lots::Left, min, now).await?;
    // who has nothing has no points
    by_unit.entry(UnitCode::points()).or_default();
    let mut wallets = Vec::with_capacity(by_unit.len());
    for (unit, held) in by_unit {
        let scale = asked::scale(state, &unit).await?;
        wallets.push(WalletBody::of(unit, scale, held.standing(clock)));
    }
    Ok(At(as_of.position, Json(WalletsBody { wallets, as_of })))
}

/// What a member has of each unit; `points` is always there.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Wallets")]
struct WalletsBody {
    wallets: Vec<WalletBody>,
    as_of: AsOfBody,
}

/// What an answer is as of.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WalletsAsOf")]
struct AsOfBody {
    /// Up to here the log is folded in.
    position: i64,
    /// When the event at that position was recorded.
    recorded_at: Moment,
}

/// What a member has of one unit.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Wallet")]
struct WalletBody {
    unit: UnitCode,
    /// How many digits of an amount stand behind the point when it is shown.
    scale: Scale,
    /// All that is the member's, less what they owe.
    balance: i64,
    /// What they can use.
    available: i64,
    /// What they cannot use yet.
    pending: i64,
    /// What is promised to payments.
    held: i64,
    /// What they owe: zero or below.
    receivable: i64,
    /// What ends and when, the soonest first.
    expiring: Vec<DatedBody>,
    /// What can be used later and when, the soonest first.
    maturing: Vec<DatedBody>,
}

/// So much at a moment.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DatedAmount")]
struct DatedBody {
    at: Moment,
    amount: i64,
}

impl WalletBody {
    fn of(unit: UnitCode, scale: Scale, standing: Standing) -> Self {
        let Standing { balance, available, pending, held, receivable, expiring, maturing } = standing;
        let dated = |amounts: Vec<Dated>| amounts.into_iter().map(|Dated { at, amount }| DatedBody { at, amount });
        Self {
            unit,
            scale,
            balance,
            available,
            pending,
            held,
            receivable,
            expiring: dated(expiring).collect(),
            maturing: dated(maturing).collect(),
        }
    }
}
