//! A reward is created by its event's path, by its type's path, or by neither.

use axum::extract::State;
use commands::Receipt;
use domain::campaign::{Campaign, CampaignCommand, NewReward, RewardTerms, RewardType};
use domain::id::{CampaignId, RewardId};
use domain::unit::Unit;
use uuid::Uuid;

use super::answer::{OneReward, RewardBody};
use super::fields::{Wanted, WantedOfEvent};
use crate::app::i18n::phrases;
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::auth::Operator;
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::Written;
use crate::http::idempotency::{Idempotent, Key};
use crate::http::input::extract::{PathId, PathText, Query};
use crate::http::openapi::Created;
use crate::http::state::AppState;

type Made = Written<Tagged<Created<OneReward>>>;

/// Creates a reward of the event that the body names.
pub(super) async fn untyped(
    State(state): State<AppState>,
    operator: Operator,
    _: Query<Nothing>,
    Idempotent(body, key): Idempotent<WantedOfEvent>,
) -> Result<Made, Problem> {
    add(&state, &operator, body.event, body.wanted.terms, &key).await
}

/// Creates a reward of the type that the path names.
pub(super) async fn typed(
    State(state): State<AppState>,
    operator: Operator,
    PathText(name): PathText,
    _: Query<Nothing>,
    Idempotent(body, key): Idempotent<WantedOfEvent>,
) -> Result<Made, Problem> {
    let named = RewardType::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(&name));
    let reward_type = named.ok_or_else(|| Problem::new(Code::NotFound))?;
    if body.wanted.reward_type.is_some_and(|other| other != reward_type) {
        return Err(Problem::field("type", "contradiction", "is not the type that the path names"));
    }
    add(&state, &operator, body.event, RewardTerms { reward_type, ..body.wanted.terms }, &key).await
}

/// Creates a reward of the event that the path names.
pub(super) async fn in_event(
    State(state): State<AppState>,
    operator: Operator,
    PathId(event): PathId,
    _: Query<Nothing>,
    Idempotent(wanted, key): Idempotent<Wanted>,
) -> Result<Made, Problem> {
    add(&state, &operator, CampaignId(event), wanted.terms, &key).await
}

async fn add(
    state: &AppState,
    operator: &Operator,
    event: CampaignId,
    terms: RewardTerms,
    key: &Key,
) -> Result<Made, Problem> {
    names_units(state, &terms).await?;
    let reward_id = RewardId(Uuid::now_v7());
    let command = CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms }));
    let answer = move |receipt: &Receipt<Campaign>| created(receipt, event, reward_id);
    key.execute(&state.ledger, &event.to_string(), command, &operator.metadata(), answer).await?
}

/// Refuses units that nobody has defined. A unit stays for ever, so that it is enough to look before.
async fn names_units(state: &AppState, terms: &RewardTerms) -> Result<(), Problem> {
    let price = terms.price().map(|price| price.unit.clone());
    for (field, named) in [("unit", terms.credited_unit()), ("price.unit", price)] {
        let Some(code) = named.filter(|code| Unit::initial(code).terms_of(code).is_none()) else { continue };
        if state.ledger.unit_terms(&code).await?.is_none() {
            return Err(Problem::field(field, "unknown_unit", "names no unit that is defined"));
        }
    }
    Ok(())
}

fn created(receipt: &Receipt<Campaign>, event: CampaignId, id: RewardId) -> Result<Made, Problem> {
    let terms = receipt.state.reward(id).ok_or_else(|| Problem::internal("reward", &"it was not made"))?;
    let reward = RewardBody::of((event, id), terms, (None, 0, 0), receipt.updated_at);
    let body = OneReward { message: phrases::reward_created(), reward };
    Ok(Written::by(receipt, Tagged(receipt.sequence, Created(body))))
}
