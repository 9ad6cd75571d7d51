//! `PATCH /rewards/{id}`: other texts, more or fewer grants. A reward stands in the stream of its event, so
//! that its entity tag is the event's.

use axum::Json;
use axum::extract::State;
use commands::{Receipt, Taken};
use domain::campaign::{Campaign, CampaignCommand, RewardRevision};
use domain::id::RewardId;

use super::answer::{OneReward, RewardBody};
use crate::callers::Operator;
use crate::etag::{IfMatch, Tagged};
use crate::extract::{Body, PathId, Query};
use crate::fields::Nothing;
use crate::positions::Written;
use crate::problem::{Code, Problem};
use crate::state::AppState;

type Changed = Written<Tagged<Json<OneReward>>>;

/// Changes what it names.
pub(super) async fn revise(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    seen: IfMatch,
    _: Query<Nothing>,
    Body(revision): Body<RewardRevision>,
) -> Result<Changed, Problem> {
    let reward_id = RewardId(id);
    let taken = state.ledger.taken_of(reward_id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let command = CampaignCommand::ReviseReward { reward_id, revision: Box::new(revision) };
    let event = taken.campaign_id.to_string();
    let executed = state.ledger.execute_at::<Campaign>(&event, command, &operator.metadata(), seen.seen()).await;
    answer(&executed?, reward_id, taken)
}

/// What is taken was read just before: claims go on meanwhile.
fn answer(receipt: &Receipt<Campaign>, id: RewardId, taken: Taken) -> Result<Changed, Problem> {
    let terms = receipt.state.reward(id).ok_or_else(|| Problem::internal("reward", &"it is not there"))?;
    let reward = RewardBody::of((taken.campaign_id, id), terms, (taken.held, taken.granted), taken.added_at);
    let body = OneReward { message: "The reward is changed.", reward };
    Ok(Written::by(receipt, Tagged(receipt.sequence, Json(body))))
}
