//! `/claims`: a member asks for a reward, and everybody sees what became of it. How an answer to a
//! claim request is written is in `claims/answer`, a claim in `claims/body`, lists are in `claims/history`, one claim in
//! `claims/single`. What staff decide is in `reward_requests`.

mod answer;
mod explanation;
mod single;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::extract::State;
use commands::ClaimRequest;
use domain::id::{CampaignId, MemberId, RewardId};
use domain::role::Role;
use domain::value::Reference;
use uuid::Uuid;

use self::answer::{Answer, AnswerBody, DryRun, answer};
use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::input::value;
use crate::app::problem::{Code, Problem};
use crate::http::auth::Claimant;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;
use crate::routes::claim_list;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/claims/{id}/claim",
            post_with(claim, |op| {
                op.named("claimReward", "Claims a reward")
                    .limits(&[])
                    .refuses(REFUSALS)
                    .answers::<AnswerBody>(201)
                    .tells_position(201)
                    .answers::<AnswerBody>(202)
                    .tells_position(202)
            }),
        )
        .api_route(
            "/events/{id}/request-reward",
            post_with(request_reward, |op| {
                op.named("requestReward", "Claims a reward of an event")
                    .limits(&[])
                    .refuses(REFUSALS)
                    .answers::<AnswerBody>(201)
                    .tells_position(201)
                    .answers::<AnswerBody>(202)
                    .tells_position(202)
            }),
        )
        .api_route(
            "/claims/me",
            get_with(claim_list::own, |op| op.named("listOwnClaims", "The caller's claims, newest first")),
        )
        .api_route("/claims", get_with(claim_list::all, |op| op.named("listClaims", "All claims, newest first")))
        .api_route(
            "/claims/filter",
            get_with(claim_list::all, |op| op.named("filterClaims", "All claims, newest first: the same list")),
        )
        .api_route(
            "/claims/user/{id}",
            get_with(claim_list::of_user, |op| op.named("listClaimsOfUser", "One member's claims, newest first")),
        )
        .api_route("/claims/{id}", get_with(single::one, |op| op.named("getClaim", "One claim with its history")))
        .api_route(
            "/claims/{id}/explanation",
            get_with(explanation::explanation, |op| {
                op.named("explainClaim", "Why a claim stands where it stands, in words and numbers")
            }),
        )
}

/// `?dryRun=true` only looks; anything else in the query is refused, so that a slip never becomes a claim.
impl FromFields for DryRun {
    fn read(fields: &mut Fields) -> Option<Self> {
        let dry_run = fields.optional("dryRun", readers::flag());
        Some(if dry_run? == Some(true) { Self::Yes } else { Self::No })
    }
}

/// Why a claim request may be refused.
const REFUSALS: &[Code] = &[
    Code::RewardUnknown,
    Code::MemberUnknown,
    Code::OwnEvent,
    Code::MemberBlocked,
    Code::AlreadyClaimed,
    Code::EventNotActive,
    Code::ConditionUnmet,
    Code::LimitReached,
    Code::BudgetExhausted,
    Code::OutOfStock,
    Code::InsufficientPoints,
    Code::TooManyLots,
];

struct ClaimRequestBody {
    member: Option<MemberId>,
    reference: Option<Reference>,
}

impl FromFields for ClaimRequestBody {
    fn read(fields: &mut Fields) -> Option<Self> {
        let member = fields.optional("memberId", readers::id::<Uuid>());
        let reference = fields.optional("reference", value::reference());
        Some(Self { member: member?.map(MemberId), reference: reference? })
    }
}

impl ClaimRequestBody {
    /// A service says for whom it asks; everybody else asks for themselves.
    fn member(&self, caller: &Claimant) -> Result<MemberId, Problem> {
        match (caller.role, self.member) {
            (Role::Service, Some(member)) => Ok(member),
            (Role::Service, None) => Err(Problem::field("memberId", "required", "a service says for whom it asks")),
            (Role::User | Role::Operator | Role::Auditor | Role::Admin, None) => Ok(caller.id),
            (Role::User | Role::Operator | Role::Auditor | Role::Admin, Some(_)) => {
                Err(Problem::field("memberId", "service_only", "only a service asks for somebody else"))
            }
        }
    }
}

fn claim_request(
    state: &AppState,
    caller: &Claimant,
    reward_id: RewardId,
    body: &ClaimRequestBody,
) -> Result<ClaimRequest, Problem> {
    let member_id = body.member(caller)?;
    let (reference, at) = (body.reference.clone(), caller.at);
    Ok(ClaimRequest { reward_id, member_id, reference, at, refuse_own_campaign: state.separation_of_duties })
}

/// Asks for a reward.
async fn claim(
    State(state): State<AppState>,
    caller: Claimant,
    PathId(reward): PathId,
    Query(dry_run): Query<DryRun>,
    Idempotent(body, key): Idempotent<ClaimRequestBody>,
) -> Result<Answer, Problem> {
    let request = claim_request(&state, &caller, RewardId(reward), &body)?;
    answer(&state, request, dry_run, &caller.metadata(), &key).await
}

struct EventClaimRequestBody {
    reward: RewardId,
    body: ClaimRequestBody,
}

impl FromFields for EventClaimRequestBody {
    fn read(fields: &mut Fields) -> Option<Self> {
        let reward = fields.required("rewardId", readers::id::<Uuid>());
        let body = ClaimRequestBody::read(fields);
        Some(Self { reward: RewardId(reward?), body: body? })
    }
}

/// Asks for a reward of an event.
async fn request_reward(
    State(state): State<AppState>,
    caller: Claimant,
    PathId(event): PathId,
    Query(dry_run): Query<DryRun>,
    Idempotent(body, key): Idempotent<EventClaimRequestBody>,
) -> Result<Answer, Problem> {
    let request = claim_request(&state, &caller, body.reward, &body.body)?;
    if state.ledger.campaign_of(body.reward).await? != Some(CampaignId(event)) {
        return Err(dry_run.mark(Problem::new(Code::RewardUnknown)));
    }
    answer(&state, request, dry_run, &caller.metadata(), &key).await
}
