//! Why a claim stands where it stands. Here it is read from the log; what it means is in `crate::app::explain`.

use axum::Json;
use axum::extract::State;
use commands::FactsSource;
use domain::campaign::Campaign;
use domain::claim::{ClaimEvent, DenialReason};
use domain::event::Event;
use domain::facts::FactsNeeded;
use domain::id::{ClaimId, MemberId};
use projections::audit::counted;
use projections::log::{Entry, read_stream};
use projections::read_models::claim_history::{ClaimRow, Scarce, Winners, winners_before};

use super::single::{broken, claim_event, visible};
use crate::app::explain::{Deciding, Explanation, Happened, Material, deciding, explain};
use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Caller, Member};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;
use crate::routes::claim_list::READ;

/// As of when: a claim that was refused and granted later was refused for a reason.
pub(super) struct AsOf(i64);

impl FromFields for AsOf {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.optional("atPosition", readers::position()).map(|at| Self(at.unwrap_or(i64::MAX)))
    }
}

/// Explains one claim: the own, or any for staff. What is another member's is not there, nor what nobody had asked for yet.
pub(super) async fn explanation(
    State(state): State<AppState>,
    member: Member,
    PathId(id): PathId,
    min: MinPosition,
    Query(AsOf(at)): Query<AsOf>,
) -> Result<At<Json<Explanation>>, Problem> {
    let position = min.reached_by(&READ, &state).await?;
    let row = visible(&state, &member, ClaimId(id)).await?.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    let material = read(&state, &member, &row, at).await?.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    let explanation = explain(&material).ok_or_else(|| broken(&"a claim has no decision"))?;
    Ok(At(position, Json(explanation)))
}

async fn read(state: &AppState, caller: &Caller, row: &ClaimRow, at: i64) -> Result<Option<Material>, Problem> {
    let (claim_id, member_id) = (ClaimId(row.claim_id), MemberId(row.member_id));
    let mut connection = state.pool.acquire().await?;
    let entries = read_stream(&mut connection, "claim", &claim_id.to_string()).await?;
    let campaign = read_stream(&mut connection, "campaign", &row.campaign_id.to_string()).await?;
    drop(connection); // nobody holds one and waits for another
    let history = entries.iter().filter(|entry| entry.position <= row.position.min(at)).map(happened);
    let history = history.collect::<Result<Vec<_>, _>>()?;
    if history.is_empty() {
        return Ok(None);
    }
    let (_, Deciding { event, decision, position }) =
        deciding(&history).ok_or_else(|| broken(&"a claim has no decision"))?;
    let winners = match scarce(event) {
        Some(scarce) => winners_before(&state.pool, scarce, position).await?,
        None => Winners::default(),
    };
    let (facts, _) = state.facts.facts(member_id, FactsNeeded::default()).await?;
    let birthday_known = facts.member.is_some_and(|member| member.birthday.is_some());
    let campaign_then = fold(campaign.iter().filter(|entry| entry.position < position))?;
    let campaign_now = fold(campaign.iter())?;
    let (condition, _) = campaign_then.condition().ok_or_else(|| broken(&"a campaign has no condition"))?;
    let counted = counted(&mut *state.pool.acquire().await?, member_id, decision, condition).await?;
    Ok(Some(Material {
        claim_id,
        campaign_then,
        campaign_now,
        birthday_known,
        counted,
        winners,
        now: caller.at,
        history,
    }))
}

fn happened(entry: &Entry) -> Result<Happened, Problem> {
    let event = claim_event(entry)?;
    Ok(Happened { event, at: entry.recorded_at, actor: entry.actor.clone(), position: entry.position })
}

/// What was used up, if that was the reason.
fn scarce(event: &ClaimEvent) -> Option<Scarce> {
    let ClaimEvent::Denied(denied) = event else { return None };
    match denied.reason {
        DenialReason::OutOfStock => Some(Scarce::Reward(denied.about.reward_id)),
        // what a budget of points has given is no list of grants
        DenialReason::BudgetExhausted if denied.budget.as_ref().is_some_and(|budget| !budget.is_of_grants()) => None,
        DenialReason::BudgetExhausted => Some(Scarce::Campaign(denied.about.campaign_id)),
        DenialReason::MemberBlocked
        | DenialReason::CampaignNotActive
        | DenialReason::ConditionUnmet
        | DenialReason::InsufficientPoints
        | DenialReason::LimitReached => None,
    }
}

fn fold<'a>(entries: impl Iterator<Item = &'a Entry>) -> Result<Campaign, Problem> {
    let mut campaign = Campaign::default();
    for entry in entries {
        match entry.event().map_err(|error| broken(&error))? {
            Event::Campaign(event) => campaign.evolve(&event),
            Event::Member(_) | Event::Activity(_) | Event::Referral(_) | Event::Claim(_) | Event::Value(_) => {
                return Err(broken(&"a campaign holds another kind of event"));
            }
        }
    }
    Ok(campaign)
}
