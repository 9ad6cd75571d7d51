//! Why a claim stands where it stands. Here it is read from the log; what it means is in `crate::explain`.

use axum::Json;
use axum::extract::State;
use commands::FactsSource;
use domain::campaign::Campaign;
use domain::claim::{ClaimEvent, DenialReason};
use domain::event::Event;
use domain::facts::FactsNeeded;
use domain::id::{ClaimId, MemberId};
use projections::claim_history::{ClaimRow, Scarce, last_taken_before};
use projections::log::{Entry, read_stream};

use super::history::READ;
use super::single::{broken, claim_event, visible};
use crate::callers::{Caller, Member};
use crate::explain::{Deciding, Explanation, Happened, Material, deciding, explain};
use crate::extract::{PathId, Query};
use crate::fields::Nothing;
use crate::positions::{At, MinPosition};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Explains one claim: the own, or any for staff. What is another member's is not there.
pub(super) async fn explanation(
    State(state): State<AppState>,
    member: Member,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Json<Explanation>>, Problem> {
    let position = min.reached_by(&READ, &state).await?;
    let row = visible(&state, &member, ClaimId(id)).await?.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    let material = read(&state, &member, &row).await?;
    let explanation = explain(&material).ok_or_else(|| broken(&"a claim has no decision"))?;
    Ok(At(position, Json(explanation)))
}

async fn read(state: &AppState, caller: &Caller, row: &ClaimRow) -> Result<Material, Problem> {
    let claim_id = ClaimId(row.claim_id);
    let mut connection = state.pool.acquire().await?;
    let entries = read_stream(&mut connection, "claim", &claim_id.to_string()).await?;
    let campaign = read_stream(&mut connection, "campaign", &row.campaign_id.to_string()).await?;
    drop(connection);
    let history = entries.iter().filter(|entry| entry.position <= row.position).map(happened);
    let history = history.collect::<Result<Vec<_>, _>>()?;
    let (_, Deciding { event, position, .. }) = deciding(&history).ok_or_else(|| broken(&"a claim has no decision"))?;
    let last_taken = match scarce(event) {
        Some(scarce) => last_taken_before(&state.pool, scarce, position).await?,
        None => None,
    };
    let (facts, _) = state.facts.facts(MemberId(row.member_id), FactsNeeded::default()).await?;
    let birthday_known = facts.member.is_some_and(|member| member.birthday.is_some());
    let campaign_then = fold(campaign.iter().filter(|entry| entry.position < position))?;
    let campaign_now = fold(campaign.iter())?;
    Ok(Material { claim_id, campaign_then, campaign_now, birthday_known, last_taken, now: caller.at, history })
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
        DenialReason::BudgetExhausted => Some(Scarce::Campaign(denied.about.campaign_id)),
        DenialReason::MemberBlocked
        | DenialReason::EventNotActive
        | DenialReason::ConditionUnmet
        | DenialReason::LimitReached => None,
    }
}

fn fold<'a>(entries: impl Iterator<Item = &'a Entry>) -> Result<Campaign, Problem> {
    let mut campaign = Campaign::default();
    for entry in entries {
        match entry.event().map_err(|error| broken(&error))? {
            Event::Campaign(event) => campaign.evolve(&event),
            Event::Member(_) | Event::Activity(_) | Event::Referral(_) | Event::Claim(_) => {
                return Err(broken(&"a campaign holds another kind of event"));
            }
        }
    }
    Ok(campaign)
}
