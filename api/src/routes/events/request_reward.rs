//! `/reward-requests`: claims as staff decide them, one by one or many at once. Members see their own here.
//! Where a step starts from is a rule of the claim; here is only what it is called and how it is answered.

mod batch;
mod queue;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, patch_with, post_with};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use commands::{AnswerFromReceipt, CommandError, Metadata, Receipt};
use domain::Moment;
use domain::claim::{Claim, ClaimCommand, ClaimRefusal, ClaimStatus, StaffAction, StaffCommand};
use domain::id::ClaimId;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::accounts::withdrawal;
use crate::app::i18n::{Said, phrases};
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Caller, Member, Operator};
use crate::http::headers::etag::{IfMatch, Tagged};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;
use crate::routes::claim_body::ClaimBody;
use crate::routes::claim_list::{Filter, List, own_or_all};

/// The routes.
pub(in crate::routes) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/reward-requests",
            get_with(list, |op| op.named("listRewardRequests", "Claims: a member's own, all for staff")),
        )
        .api_route(
            "/reward-requests/queue",
            get_with(queue::queue, |op| {
                op.named("listClaimsToDecide", "Claims that wait for a decision, those that expire first on top")
            }),
        )
        .api_route(
            "/reward-requests/{id}",
            patch_with(decide, |op| {
                op.named("decideRewardRequest", "Approves, rejects, fulfils or reverses a claim")
                    .limits(&[])
                    .refuses(&[Code::StepNotAllowed, Code::OwnClaim, Code::ClaimExpired])
            })
            .get_with(queue::one, |op| op.named("getClaimToDecide", "A claim with everything that its decision needs")),
        )
        .api_route(
            "/reward-requests/batch",
            post_with(batch::decide_all, |op| {
                op.named("decideRewardRequests", "Applies one decision to many claims")
                    .limits(&[])
                    .answers::<batch::Results>(200)
                    .tells_position(200)
            }),
        )
}

/// Claims: their own for members, everybody's for staff.
async fn list(
    State(state): State<AppState>,
    member: Member,
    uri: Uri,
    min: MinPosition,
    Query(filter): Query<Filter>,
) -> Result<At<Json<List>>, Problem> {
    own_or_all(&state, &member, &uri, min, filter).await
}

/// What staff decide. The note is kept in the log for ever: no personal data belongs in it.
#[derive(Debug, Clone)]
struct Decision {
    step: StaffAction,
    note: Option<String>,
}

impl FromFields for Decision {
    fn read(fields: &mut Fields) -> Option<Self> {
        let step = fields.required("status", readers::choice(steps()));
        let note = fields.nullable("note", readers::note(0));
        Some(Self { step: step?, note: note?.filter(|note| !note.is_empty()) })
    }
}

fn steps() -> [(&'static str, StaffAction); 5] {
    [
        ("APPROVED", StaffAction::Approve),
        ("REJECTED", StaffAction::Reject),
        ("FULFILLED", StaffAction::Fulfil),
        ("FULFILMENT_FAILED", StaffAction::FailFulfilment),
        ("REVERSED", StaffAction::Reverse),
    ]
}

impl Decision {
    fn command(self, caller: &Caller) -> ClaimCommand {
        let Self { step, note } = self;
        ClaimCommand::Staff(StaffCommand { action: step, operator: caller.id, note, at: caller.at, value: None })
    }
}

/// Approves or rejects a pending claim, says what became of a granted one, or takes it back.
async fn decide(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(decision, key): Idempotent<Decision>,
) -> Result<Answer, Problem> {
    let step = decision.step;
    withdraw_from_nobody(&state, ClaimId(id), operator.at).await?;
    let (id, command) = (ClaimId(id).to_string(), decision.command(&operator));
    let answer = move |receipt: &Receipt<Claim>| decided(step, receipt);
    key.change_claim(&state.ledger, &id, command, &operator.metadata(), &seen, answer).await?
}

/// A pending claim whose member was erased is withdrawn before it is decided: nobody is left to approve it to.
async fn withdraw_from_nobody(state: &AppState, id: ClaimId, at: Moment) -> Result<(), Problem> {
    let id = id.to_string();
    let claim = state.ledger.load::<Claim>(&id).await?.state;
    let Some(about) = claim.about().filter(|_| claim.status() == Some(ClaimStatus::Pending)) else { return Ok(()) };
    if !state.ledger.load::<domain::member::Member>(&about.member_id.to_string()).await?.state.is_erased() {
        return Ok(());
    }
    match state.ledger.change_claim(&id, withdrawal(at), &Metadata::system(at), &AnswerFromReceipt::none(), None).await
    {
        Ok(_) | Err(CommandError::Refused { refusal: ClaimRefusal::StepNotAllowed { .. }, .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

type Answer = Tagged<At<Json<Decided>>>;

fn decided(step: StaffAction, receipt: &Receipt<Claim>) -> Result<Answer, Problem> {
    let claim = ClaimBody::of(receipt);
    let claim = claim.ok_or_else(|| Problem::internal("claim", &"a decided claim has no decision"))?;
    let message = match step {
        StaffAction::Approve => phrases::claim_approved(),
        StaffAction::Reject => phrases::claim_rejected(),
        StaffAction::Fulfil => phrases::claim_fulfilled(),
        StaffAction::FailFulfilment => phrases::claim_fulfilment_failed(),
        StaffAction::Reverse => phrases::claim_reversed(),
    };
    Ok(Tagged(receipt.sequence, At(receipt.position, Json(Decided { message, claim }))))
}

/// The claim after the step.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DecidedClaim")]
struct Decided {
    message: Said,
    claim: ClaimBody,
}
