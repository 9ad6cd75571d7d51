//! `/claims`: a member asks for a reward, and everybody sees what became of it. How an answer to a
//! wish is written is in `claims/answer`, a claim in `claims/body`, lists are in `claims/history`, one claim in
//! `claims/single`. What staff decide is in `reward_requests`.

mod answer;
pub(super) mod body;
pub(super) mod history;
mod single;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use commands::Ask;
use domain::id::{CampaignId, MemberId, RewardId};
use domain::role::Role;
use uuid::Uuid;

use self::answer::{Answer, Manner, answer};
use crate::callers::Claimant;
use crate::extract::{PathId, Query};
use crate::fields::{Fields, FromFields, readers};
use crate::once::Once;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/claims/{id}/claim", post(claim))
        .route("/events/{id}/request-reward", post(request_reward))
        .route("/claims/me", get(history::own))
        .route("/claims", get(history::all))
        .route("/claims/filter", get(history::all))
        .route("/claims/user/{id}", get(history::of_user))
        .route("/claims/{id}", get(single::one))
}

/// `?dryRun=true` only looks; anything else in the query is refused, so that a slip never becomes a claim.
impl FromFields for Manner {
    fn read(fields: &mut Fields) -> Option<Self> {
        let dry_run = fields.optional("dryRun", readers::choice([("true", Self::DryRun), ("false", Self::InEarnest)]));
        Some(dry_run?.unwrap_or(Self::InEarnest))
    }
}

struct Wish {
    member: Option<MemberId>,
}

impl FromFields for Wish {
    fn read(fields: &mut Fields) -> Option<Self> {
        let member = fields.optional("memberId", readers::id::<Uuid>);
        Some(Self { member: member?.map(MemberId) })
    }
}

impl Wish {
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

/// Asks for a reward.
async fn claim(
    State(state): State<AppState>,
    caller: Claimant,
    PathId(reward): PathId,
    Query(manner): Query<Manner>,
    Once(wish, key): Once<Wish>,
) -> Result<Answer, Problem> {
    let ask = Ask { reward_id: RewardId(reward), member_id: wish.member(&caller)?, at: caller.at };
    answer(&state, ask, manner, &caller.metadata(), &key).await
}

struct WishInEvent {
    reward: RewardId,
    wish: Wish,
}

impl FromFields for WishInEvent {
    fn read(fields: &mut Fields) -> Option<Self> {
        let reward = fields.required("rewardId", readers::id::<Uuid>);
        let wish = Wish::read(fields);
        Some(Self { reward: RewardId(reward?), wish: wish? })
    }
}

/// Asks for a reward of an event.
async fn request_reward(
    State(state): State<AppState>,
    caller: Claimant,
    PathId(event): PathId,
    Query(manner): Query<Manner>,
    Once(body, key): Once<WishInEvent>,
) -> Result<Answer, Problem> {
    let ask = Ask { reward_id: body.reward, member_id: body.wish.member(&caller)?, at: caller.at };
    if state.ledger.campaign_of(body.reward).await? != Some(CampaignId(event)) {
        return Err(manner.mark(Problem::new(Code::RewardUnknown)));
    }
    answer(&state, ask, manner, &caller.metadata(), &key).await
}
