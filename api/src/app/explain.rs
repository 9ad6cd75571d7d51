//! Why a claim has its status, as text and numbers: the rule as it was, what it saw, what was missing, who decided, and
//! for a denial the smallest change that would have met the rule. A pure function of what was read before; it knows no
//! query and no request. `explain/leaf` puts leaves into text, `explain/story` the history, `explain/value` what was paid and
//! credited.

mod leaf;
mod story;
mod value;

use chrono::NaiveDate;
use domain::Moment;
use domain::campaign::{Campaign, CampaignStatus};
use domain::claim::{
    Claim, ClaimEvent, ClaimStatus, Decision, DenialReason, KnownProfile, PriceShortfall, smallest_change,
};
use domain::condition::{Condition, Leaf, LeafEvidence};
use domain::id::ClaimId;
use projections::audit::Counted;
use projections::read_models::claim_history::Winners;
use schemars::JsonSchema;
use serde::Serialize;

use self::leaf::{DayTold, ExplainedChange, LeafTold};
use self::story::Told;
use crate::app::claim_value::{CreditBody, PaidBody, value_of};
use crate::app::i18n::Said;

/// One event of a claim, and who caused it.
#[derive(Debug, Clone)]
pub struct Happened {
    /// What.
    pub event: ClaimEvent,
    /// When the log took it.
    pub at: Moment,
    /// Who: a member id, or `system`.
    pub actor: String,
    /// Where it stands in the log.
    pub position: i64,
}

/// Everything that an explanation is made from.
#[derive(Debug)]
pub struct Material {
    /// Which claim.
    pub claim_id: ClaimId,
    /// What happened to it, in order.
    pub history: Vec<Happened>,
    /// Its campaign as it was when the decision was made.
    pub campaign_then: Campaign,
    /// Its campaign as it is.
    pub campaign_now: Campaign,
    /// Whether the member's birthday is known.
    pub birthday_known: bool,
    /// Which events counted, for each question of the rule.
    pub counted: Vec<Counted>,
    /// Who had what was missing for it.
    pub winners: Winners,
    /// The moment of asking.
    pub now: Moment,
}

/// Why a claim stands where it stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    claim_id: ClaimId,
    status: ClaimStatus,
    /// Why it is denied, while it is.
    reason: Option<&'static str>,
    /// The whole story in a sentence.
    summary: Said,
    /// The rule as it was.
    condition: Condition,
    condition_version: u32,
    /// Whether the rule was met.
    met: bool,
    /// The moment of asking …
    evaluated_at: Moment,
    /// … in this zone …
    time_zone: &'static str,
    /// … on this day of the member's calendar, which ends every window.
    local_date: NaiveDate,
    /// What happened up to here was taken into account.
    facts_position: i64,
    /// Where the decision stands in the log.
    position: i64,
    /// Every question of the rule.
    leaves: Vec<LeafTold>,
    /// The days of each streak that counted, in order; the latest 31.
    days: Vec<DayTold>,
    /// The smallest further thing that would make it a grant; empty where the rule was met. Null where it cannot be
    /// said, or is out of the member's reach, as an empty shelf is: nothing is promised then.
    smallest_further: Option<Vec<ExplainedChange>>,
    /// Who took what was missing, where it was used up.
    ahead: Option<Ahead>,
    /// What it costs, and what the member had of that, where it was too little.
    price: Option<PriceShortfall>,
    /// What it has credited; null where that is nothing, or was taken back.
    credit: Option<CreditBody>,
    /// What it costs the member, held while it is pending; null where that is nothing, or was given back.
    paid: Option<PaidBody>,
    /// What it has cost and credited, and what came back of both, in sentences.
    value: Vec<Said>,
    /// Until when it can be decided; null if no decision is needed.
    waits_until: Option<Moment>,
    /// What happened, in order.
    steps: Vec<Told>,
}

/// Those who came before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WinnersBefore")]
pub(crate) struct Ahead {
    /// How many grants were given or promised.
    pub(crate) winners: i64,
    /// Where each of them stands in the log, in its order; the first 1,000 who asked.
    pub(crate) positions: Vec<i64>,
    /// Where the last of them stands in the log; null where there was none.
    pub(crate) last_position: Option<i64>,
}

/// The decision that a claim's status rests on.
#[derive(Debug)]
pub struct Deciding<'a> {
    /// What it was.
    pub event: &'a ClaimEvent,
    /// How the condition was judged.
    pub decision: &'a Decision,
    /// Where it stands in the log.
    pub position: i64,
}

/// The decision that the status of a claim rests on: a refused attempt never changed what was decided before.
#[must_use]
pub fn deciding(history: &[Happened]) -> Option<(Claim, Deciding<'_>)> {
    let mut claim = Claim::default();
    let mut deciding = None;
    for Happened { event, position, .. } in history {
        let before = claim.decision().cloned();
        claim.evolve(event);
        if let Some(decision) = event.decision().filter(|_| claim.decision() != before.as_ref()) {
            deciding = Some(Deciding { event, decision, position: *position });
        }
    }
    Some((claim, deciding?))
}

/// Explains a claim; none when nothing was ever decided about it.
#[must_use]
pub fn explain(material: &Material) -> Option<Explanation> {
    let Material { claim_id, history, campaign_then, .. } = material;
    let (claim, deciding) = deciding(history)?;
    let status = claim.status()?;
    let (condition, _) = campaign_then.condition()?;
    let Deciding { event, decision, position } = deciding;
    let reason = match event {
        ClaimEvent::Denied(denied) if status == ClaimStatus::Denied => Some(denied.reason),
        _ => None,
    };
    let leaves: Vec<(&Leaf, &LeafEvidence)> = condition.leaves().zip(&decision.evidence).collect();
    let ahead = reason.and_then(|reason| material.ahead(reason, event));
    let lacks_points = reason == Some(DenialReason::InsufficientPoints);
    let (credit, paid) = value_of(&claim);
    Some(Explanation {
        claim_id: *claim_id,
        status,
        reason: reason.map(DenialReason::name),
        summary: story::summary(status, reason, material, &claim, ahead.as_ref()),
        condition: Condition::clone(condition),
        condition_version: decision.condition_version,
        met: decision.met,
        evaluated_at: decision.evaluated_at,
        time_zone: decision.time_zone.name(),
        local_date: decision.judged_on(),
        facts_position: decision.facts_position,
        position,
        leaves: leaf::told(condition, &leaves, &material.counted),
        days: leaf::days(&leaves, &material.counted),
        smallest_further: material.smallest_change(reason, condition, decision, &leaves),
        ahead,
        price: claim.last_shortfall().1.filter(|_| lacks_points).cloned(),
        credit,
        paid,
        value: value::told(&claim, material),
        waits_until: claim.waits_until().filter(|_| status == ClaimStatus::Pending),
        steps: history.iter().map(Told::of).collect(),
    })
}

impl Material {
    /// What is still missing; nothing is promised in an event that is over, nor where others hold what is missing.
    fn smallest_change(
        &self,
        reason: Option<DenialReason>,
        condition: &Condition,
        decision: &Decision,
        leaves: &[(&Leaf, &LeafEvidence)],
    ) -> Option<Vec<ExplainedChange>> {
        match reason {
            None | Some(DenialReason::ConditionUnmet | DenialReason::CampaignNotActive) => {}
            Some(
                DenialReason::MemberBlocked
                | DenialReason::LimitReached
                | DenialReason::BudgetExhausted
                | DenialReason::OutOfStock
                | DenialReason::InsufficientPoints,
            ) => return None,
        }
        let known = KnownProfile { birthday: self.birthday_known };
        let changes = smallest_change(condition, &decision.evidence, known)?;
        let over = self.campaign_now.status(self.now) == Some(CampaignStatus::Ended);
        if over && reason.is_some() {
            return None;
        }
        changes.into_iter().map(|change| ExplainedChange::of(change, leaves)).collect()
    }

    /// A limit refuses exactly when all of it is given or promised.
    fn ahead(&self, reason: DenialReason, event: &ClaimEvent) -> Option<Ahead> {
        if let ClaimEvent::Denied(denied) = event
            && denied.budget.as_ref().is_some_and(|budget| !budget.is_of_grants())
        {
            return None;
        }
        let winners = match reason {
            DenialReason::OutOfStock => self.campaign_then.reward(event.about().reward_id)?.quantity?.get(),
            DenialReason::BudgetExhausted => self.campaign_then.terms()?.max_reward_count?.get(),
            DenialReason::MemberBlocked
            | DenialReason::CampaignNotActive
            | DenialReason::ConditionUnmet
            | DenialReason::LimitReached
            | DenialReason::InsufficientPoints => return None,
        };
        Some(Ahead { winners, positions: self.winners.positions.clone(), last_position: self.winners.last })
    }
}
