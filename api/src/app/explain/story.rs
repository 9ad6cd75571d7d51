//! The story of a claim in words: one sentence for all of it, and one for each step.

use domain::Moment;
use domain::budget::{BudgetShortfall, Scope};
use domain::campaign::CampaignStatus;
use domain::claim::{Claim, ClaimEvent, ClaimStatus, DenialReason};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Ahead, Happened, Material};
use crate::app::i18n::{Said, phrases};
use crate::app::problem::Code;

/// One step of a claim.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ExplainedStep")]
pub(super) struct Told {
    step: &'static str,
    at: Moment,
    /// A member id, or `system`.
    actor: String,
    /// In the words of who did it.
    note: Option<String>,
    text: Said,
    position: i64,
}

impl Told {
    pub(super) fn of(happened: &Happened) -> Self {
        let Happened { event, at, actor, position } = happened;
        let by = actor.as_str();
        let (step, note, text) = match event {
            ClaimEvent::Denied(denied) => ("denied", None, phrases::explain_step_denied(title(denied.reason.into()))),
            ClaimEvent::Submitted(_) => ("pending", None, phrases::explain_step_pending()),
            ClaimEvent::Granted(_) => ("granted", None, phrases::explain_step_granted()),
            ClaimEvent::Approved(step) => ("approved", step.note.clone(), phrases::explain_step_approved(by)),
            ClaimEvent::Rejected(step) => ("rejected", step.note.clone(), phrases::explain_step_rejected(by)),
            ClaimEvent::Expired(_) => ("expired", None, phrases::explain_step_expired()),
            ClaimEvent::Withdrawn(_) => ("withdrawn", None, phrases::explain_step_withdrawn()),
            ClaimEvent::Fulfilled(step) => ("fulfilled", step.note.clone(), phrases::explain_step_fulfilled(by)),
            ClaimEvent::FulfilmentFailed(step) => {
                ("fulfilment_failed", step.note.clone(), phrases::explain_step_fulfilment_failed(by))
            }
            ClaimEvent::Reversed(step) => ("reversed", step.note.clone(), phrases::explain_step_reversed(by)),
            ClaimEvent::Credited(_) => ("credited", None, phrases::explain_step_credited()),
        };
        Self { step, at: *at, actor: actor.clone(), note, text, position: *position }
    }
}

/// All of it in a sentence.
pub(super) fn summary(
    status: ClaimStatus,
    reason: Option<DenialReason>,
    material: &Material,
    claim: &Claim,
    ahead: Option<&Ahead>,
) -> Said {
    let by = material.last_actor();
    match (status, reason) {
        (ClaimStatus::Denied, Some(reason)) => denied(reason, material, claim, ahead),
        (ClaimStatus::Denied, None) => phrases::explain_unmet(),
        (ClaimStatus::Pending, _) => phrases::explain_pending(expiry(claim)),
        (ClaimStatus::Expired, _) => phrases::explain_expired(expiry(claim)),
        (ClaimStatus::Granted, _) if material.was_approved() => phrases::explain_approved(by),
        (ClaimStatus::Granted, _) => phrases::explain_granted(),
        (ClaimStatus::Rejected, _) if material.was_withdrawn() => phrases::explain_withdrawn(),
        (ClaimStatus::Rejected, _) => phrases::explain_rejected(by),
        (ClaimStatus::Fulfilled, _) => phrases::explain_fulfilled(by),
        (ClaimStatus::FulfilmentFailed, _) => phrases::explain_fulfilment_failed(by),
        (ClaimStatus::Reversed, _) => phrases::explain_reversed(by),
    }
}

fn expiry(claim: &Claim) -> String {
    claim.waits_until().map(Moment::to_text).unwrap_or_default()
}

impl Material {
    /// Who took the last step that changed where the claim stands.
    fn last_actor(&self) -> &str {
        let steps = self.history.iter().rev().filter(|step| !matches!(step.event, ClaimEvent::Denied(_)));
        steps.map(|step| step.actor.as_str()).next().unwrap_or_default()
    }

    fn was_withdrawn(&self) -> bool {
        self.history.iter().any(|step| matches!(step.event, ClaimEvent::Withdrawn(_)))
    }

    fn was_approved(&self) -> bool {
        self.history.iter().any(|step| matches!(step.event, ClaimEvent::Approved(_)))
    }
}

fn denied(reason: DenialReason, material: &Material, claim: &Claim, ahead: Option<&Ahead>) -> Said {
    match reason {
        DenialReason::MemberBlocked => phrases::explain_blocked(),
        DenialReason::CampaignNotActive => not_active(material, claim),
        DenialReason::ConditionUnmet => phrases::explain_unmet(),
        DenialReason::LimitReached => limited(material, claim),
        DenialReason::BudgetExhausted => {
            match (ahead, claim.last_shortfall().0.filter(|budget| !budget.is_of_grants())) {
                (_, Some(budget)) => over_budget(budget),
                (Some(Ahead { winners, last_position: Some(position), .. }), None) => {
                    phrases::explain_budget(*winners, *position)
                }
                (Some(_) | None, None) => phrases::explain_no_budget(),
            }
        }
        DenialReason::OutOfStock => match ahead {
            Some(Ahead { winners, last_position: Some(position), .. }) => {
                phrases::explain_sold_out(*winners, *position)
            }
            Some(_) | None => phrases::explain_no_stock(),
        },
        DenialReason::InsufficientPoints => {
            let (_, price) = claim.last_shortfall();
            price.map_or_else(
                || title(Code::InsufficientPoints),
                |price| phrases::explain_too_few_points(price.unit.to_string(), price.need, price.have),
            )
        }
    }
}

fn over_budget(budget: &BudgetShortfall) -> Said {
    let BudgetShortfall { scope, unit, period, amount, committed, need, .. } = budget.clone();
    if scope == Scope::Programme.name() {
        phrases::explain_budget_of_programme(unit, period, amount, committed, need)
    } else {
        phrases::explain_budget_of_event(unit, period, amount, committed, need)
    }
}

fn not_active(material: &Material, claim: &Claim) -> Said {
    let asked_at = claim.decision().map(|decision| decision.evaluated_at);
    let campaign = &material.campaign_then;
    let status = asked_at.and_then(|at| campaign.status(at));
    let (starts_at, ends_at) =
        campaign.terms().map(|terms| (terms.starts_at.to_text(), terms.ends_at.to_text())).unwrap_or_default();
    match status {
        Some(CampaignStatus::Scheduled) => phrases::explain_not_started(starts_at),
        Some(CampaignStatus::Paused) => phrases::explain_paused(),
        Some(CampaignStatus::Ended) if asked_at.map(Moment::to_text) >= Some(ends_at.clone()) => {
            phrases::explain_over(ends_at)
        }
        Some(CampaignStatus::Ended | CampaignStatus::Active) | None => phrases::explain_ended(),
    }
}

/// Which of the two limits it was is not kept where both are set.
fn limited(material: &Material, claim: &Claim) -> Said {
    let campaign = &material.campaign_then;
    let of_reward =
        claim.about().and_then(|about| campaign.reward(about.reward_id)).and_then(|reward| reward.per_member_limit);
    let of_event = campaign.terms().and_then(|terms| terms.per_member_limit);
    match (of_reward, of_event) {
        (Some(limit), None) => phrases::explain_limit_of_reward(limit.get()),
        (None, Some(limit)) => phrases::explain_limit_of_event(limit.get()),
        (Some(reward), Some(event)) => phrases::explain_limits(reward.get(), event.get()),
        (None, None) => title(Code::LimitReached),
    }
}

/// What a code means, as problems say it.
fn title(code: Code) -> Said {
    Said::new(format!("problem-{}", code.name()), vec![])
}
