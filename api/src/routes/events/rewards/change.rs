//! `PATCH /rewards/{id}`: other texts, more or fewer grants. A reward stands in the stream of its event, so
//! that its entity tag is the event's.

use axum::Json;
use axum::extract::State;
use commands::{CommittedStock, Receipt};
use domain::campaign::{Campaign, CampaignCommand, RewardRevision};
use domain::id::RewardId;

use super::answer::{OneReward, RewardBody};
use crate::app::i18n::phrases;
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::auth::Operator;
use crate::http::headers::etag::{IfMatch, Tagged};
use crate::http::headers::positions::Written;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;

type Changed = Written<Tagged<Json<OneReward>>>;

/// Changes what it names.
pub(super) async fn revise(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(revision, key): Idempotent<RewardRevision>,
) -> Result<Changed, Problem> {
    let reward_id = RewardId(id);
    let stock = state.ledger.committed_stock_of(reward_id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let command = CampaignCommand::ReviseReward { reward_id, revision: Box::new(revision) };
    let event = stock.campaign_id.to_string();
    let answer = move |receipt: &Receipt<Campaign>| changed(receipt, reward_id, stock);
    key.execute_at(&state.ledger, &event, command, &operator.metadata(), &seen, answer).await?
}

/// The stock was read just before: claims go on meanwhile.
fn changed(receipt: &Receipt<Campaign>, id: RewardId, stock: CommittedStock) -> Result<Changed, Problem> {
    let terms = receipt.state.reward(id).ok_or_else(|| Problem::internal("reward", &"it is not there"))?;
    let reward =
        RewardBody::of((stock.campaign_id, id), terms, (stock.quantity, stock.held, stock.granted), stock.added_at);
    let body = OneReward { message: phrases::reward_changed(), reward };
    Ok(Written::by(receipt, Tagged(receipt.sequence, Json(body))))
}
