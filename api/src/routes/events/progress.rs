//! `/events/{id}/progress`: how far a member has come in an event, judged now on the same facts as a claim request would
//! be. It decides and writes nothing; what a claim request would be answered, a dry run tells.

use std::collections::BTreeMap;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use commands::{FactsSource, ReadError, RewardAvailability};
use domain::Moment;
use domain::campaign::{Campaign, CampaignStatus, CampaignTerms};
use domain::claim::{Claim, ClaimStatus, Price, PriceShortfall};
use domain::condition::{EvaluationContext, LeafEvidence, evaluate};
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use domain::role::Role;
use domain::zone::{Tz, local_date};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Claimant;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(in crate::routes) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/events/{id}/progress",
        get_with(progress, |op| {
            op.named("getProgress", "How far a member has come in an event").refuses(&[Code::MemberUnknown])
        }),
    )
}

/// Whose progress: a service says so, everybody else asks about themselves.
struct Whose {
    member: Option<MemberId>,
}

impl FromFields for Whose {
    fn read(fields: &mut Fields) -> Option<Self> {
        let member = fields.optional("memberId", readers::id::<Uuid>());
        Some(Self { member: member?.map(MemberId) })
    }
}

impl Whose {
    fn member(&self, caller: &Claimant) -> Result<MemberId, Problem> {
        let field = "query.memberId";
        match (caller.role, self.member) {
            (Role::Service, Some(member)) => Ok(member),
            (Role::Service, None) => {
                Err(Problem::field(field, "required", "a service says whose progress it asks for"))
            }
            (Role::User | Role::Operator | Role::Auditor | Role::Admin, None) => Ok(caller.id),
            (Role::User | Role::Operator | Role::Auditor | Role::Admin, Some(_)) => {
                Err(Problem::field(field, "service_only", "only a service asks about somebody else"))
            }
        }
    }
}

/// How far a member has come. Everything is read from the log and its guards, at least as of the position
/// that the answer carries.
async fn progress(
    State(state): State<AppState>,
    caller: Claimant,
    PathId(event): PathId,
    min: MinPosition,
    Query(whose): Query<Whose>,
) -> Result<At<Json<Progress>>, Problem> {
    let member = whose.member(&caller)?;
    let position = min.reached_by_log(&state).await?;
    let campaign_id = CampaignId(event);
    let campaign = state.ledger.load::<Campaign>(&campaign_id.to_string()).await?.state;
    let (Some(terms), Some((condition, _))) = (campaign.terms(), campaign.condition()) else {
        return Err(Problem::new(Code::NotFound).at(position));
    };
    let at = caller.at;
    let (facts, _) = state.facts.facts(member, condition.needs()).await?;
    let known = facts.member.as_ref().ok_or_else(|| Problem::new(Code::MemberUnknown).at(position))?;
    let asked = EvaluationContext { on: local_date(known.time_zone, at), campaign_starts_on: Some(terms.starts_on()) };
    let (met, evidence) = evaluate(condition, &facts, asked);
    let active = campaign.status(at) == Some(CampaignStatus::Active);
    let periods = terms.zone_of_periods(condition, known.time_zone);
    let rewards = rewards(&state, campaign_id, &campaign, terms, member, at, periods).await?;
    let eligible = met && active && !known.blocked;
    Ok(At(position, Json(Progress { event_id: campaign_id, eligible, evidence, rewards })))
}

async fn rewards(
    state: &AppState,
    campaign_id: CampaignId,
    campaign: &Campaign,
    terms: &CampaignTerms,
    member: MemberId,
    at: Moment,
    periods: Tz,
) -> Result<Vec<RewardProgress>, ReadError> {
    let available = state.ledger.availability_of(campaign_id, campaign, member).await?;
    let period = terms.frequency.period(at, periods);
    let next_period_starts_at = terms.next_period_starts_at(at, periods);
    let priced = campaign.rewards().any(|(_, terms)| terms.price().is_some());
    let wallets = if priced { state.ledger.wallets(member).await?.by_unit } else { BTreeMap::new() };
    let price = |reward: RewardId| {
        let Price { unit, amount } = campaign.reward(reward)?.price()?.clone();
        let have = wallets.get(&unit).map_or(0, |holdings| holdings.available(at));
        Some(PriceShortfall { unit, need: amount.get(), have })
    };
    // asked for at the same moment, they are one query
    try_join_all(available.into_iter().map(async |RewardAvailability { reward, remaining, limit_reached }| {
        let claim = state.ledger.load::<Claim>(&ClaimId::of(reward, member, &period).to_string()).await?;
        let claim_status = claim.state.status_at(at).map(ClaimStatus::name);
        let price = price(reward);
        Ok(RewardProgress { id: reward, remaining, limit_reached, claim_status, next_period_starts_at, price })
    }))
    .await
}

/// How far a member has come.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Progress {
    event_id: CampaignId,
    /// The condition is met, the event is active and the member is not blocked: what hinders a claim now is a
    /// reward's own matter (claimed in this period, sold out, a limit).
    eligible: bool,
    /// What every leaf of the condition needs, and what is seen of it now.
    evidence: Vec<LeafEvidence>,
    /// The rewards of the event, oldest first.
    rewards: Vec<RewardProgress>,
}

/// One reward, as the member finds it now.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RewardProgress {
    id: RewardId,
    /// How many grants are left; null is without limit.
    remaining: Option<i64>,
    /// Whether the member has all grants that one member may have, of this reward or of its event: a claim would be
    /// refused as `limit_reached`.
    limit_reached: bool,
    /// Where the claim of this period stands; null where nobody asked yet.
    #[schemars(with = "Option<ClaimStatus>")]
    claim_status: Option<&'static str>,
    /// When the next period begins: in the event's zone, in the member's where the condition asks for a birthday or
    /// a join anniversary; null for `once`, and where the event ends before.
    next_period_starts_at: Option<Moment>,
    /// What a claim costs, and how much of that the member can use now; null where it costs nothing. With less than is
    /// needed, a claim would be refused as `insufficient_points`.
    price: Option<PriceShortfall>,
}
