//! `/claims`: a member asks for a reward, and everybody sees what became of it. How an answer to a
//! wish is written is in `claims/answer`, lists are in `claims/history`, one claim in `claims/single`.

mod answer;
mod history;
mod single;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use commands::Ask;
use domain::id::{MemberId, RewardId};
use domain::role::Role;
use uuid::Uuid;

use self::answer::{Answer, answer};
use crate::callers::Claimant;
use crate::extract::{PathId, Query};
use crate::fields::{Fields, FromFields, Nothing, readers};
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
    _: Query<Nothing>,
    Once(wish, key): Once<Wish>,
) -> Result<Answer, Problem> {
    let ask = Ask { reward_id: RewardId(reward), member_id: wish.member(&caller)?, at: caller.at };
    answer(&state, ask, &caller.metadata(), &key).await
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
    _: Query<Nothing>,
    Once(body, key): Once<WishInEvent>,
) -> Result<Answer, Problem> {
    let ask = Ask { reward_id: body.reward, member_id: body.wish.member(&caller)?, at: caller.at };
    let campaign = state.ledger.load::<domain::campaign::Campaign>(&event.to_string()).await?;
    if campaign.state.reward(body.reward).is_none() {
        return Err(Problem::new(Code::RewardUnknown));
    }
    answer(&state, ask, &caller.metadata(), &key).await
}
