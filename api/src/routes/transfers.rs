//! `/wallets/transfers`: a member sends points to another. What arrives ends when it would have ended. The unit says how often a
//! member may do that in a day; mostly it is not at all.

use aide::axum::ApiRouter;
use aide::axum::routing::post_with;
use axum::extract::State;
use axum::http::StatusCode;
use commands::{Receipt, TransferOrder};
use domain::Moment;
use domain::id::{MemberId, TransferId};
use domain::quantity::Amount;
use domain::transfer::Transfer;
use domain::value::{Reference, UnitCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::input::value::{amount, reference, unit_code};
use crate::app::problem::{Code, Problem};
use crate::http::auth::User;
use crate::http::headers::step_answer::StepAnswer;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::Query;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/wallets/transfers",
        post_with(transfer, |op| {
            op.named("transfer", "Sends points to another member; the reference stays in the log for ever")
                .limits(&[])
                .body_example(json!({
                    "toMemberId": "0190a0a0-0000-7000-8000-000000000000",
                    "amount": 150,
                    "reference": "birthday",
                }))
                .refuses(REFUSALS)
                .answers::<AnswerBody>(201)
                .tells_position(201)
                .answers::<AnswerBody>(200)
        }),
    )
}

/// Why nothing is sent.
const REFUSALS: &[Code] = &[
    Code::UnitUnknown,
    Code::MemberUnknown,
    Code::ReferenceConflict,
    Code::TransfersOff,
    Code::MemberBlocked,
    Code::LimitReached,
    Code::InsufficientPoints,
    Code::TooManyLots,
];

/// What is to be sent.
struct TransferDraft {
    to: MemberId,
    unit: UnitCode,
    amount: Amount,
    reference: Reference,
}

impl FromFields for TransferDraft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let to = fields.required("toMemberId", readers::id::<Uuid>());
        let unit = fields.optional("unit", unit_code());
        let amount = fields.required("amount", amount());
        let reference = fields.required("reference", reference());
        let unit = unit?.unwrap_or_else(UnitCode::points);
        Some(Self { to: MemberId(to?), unit, amount: amount?, reference: reference? })
    }
}

/// Sends points.
async fn transfer(
    State(state): State<AppState>,
    sender: User,
    _: Query<Nothing>,
    Idempotent(TransferDraft { to, unit, amount, reference }, key): Idempotent<TransferDraft>,
) -> Result<Answer, Problem> {
    let id = TransferId::of(sender.id, &reference);
    let code = unit.clone();
    let order = TransferOrder { member_id: sender.id, to_member_id: to, unit, amount, reference, at: sender.at };
    let answer = move |receipt: &Receipt<Transfer>| Answer::after(id, receipt);
    let sent = state.ledger.transfer(order, &sender.metadata(), &key.store(answer)).await;
    answer(&sent.map_err(|error| Problem::from(error).in_unit(&code))?)
}

/// What was sent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TransferAnswer")]
struct AnswerBody {
    transfer: TransferBody,
    /// The same was asked for before: nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Transfer")]
struct TransferBody {
    id: TransferId,
    member_id: MemberId,
    to_member_id: MemberId,
    unit: UnitCode,
    amount: Amount,
    reference: Reference,
    position: i64,
    created_at: Option<Moment>,
}

type Answer = StepAnswer<AnswerBody>;

impl Answer {
    fn after(id: TransferId, receipt: &Receipt<Transfer>) -> Result<Self, Problem> {
        let about = receipt.state.about().cloned();
        let about = about.ok_or_else(|| Problem::internal("transfer", &"one that was made is not there"))?;
        let is_repeated = receipt.appended == 0;
        let transfer = TransferBody {
            id,
            member_id: about.member_id,
            to_member_id: about.to_member_id,
            unit: about.unit,
            amount: about.amount,
            reference: about.reference,
            position: receipt.position,
            created_at: receipt.created_at,
        };
        let body = AnswerBody { transfer, duplicate: is_repeated.then_some(true) };
        let status = if is_repeated { StatusCode::OK } else { StatusCode::CREATED };
        Ok(Self::by(status, receipt, body))
    }
}
