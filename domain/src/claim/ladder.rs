//! The ladder of a claim request: the first rung that applies gives the reason. A refused attempt is an event too, but
//! only once for the same reason, condition version, evidence and numbers. Whether the member can pay is looked at last.

use super::{
    Claim, ClaimEvent, ClaimRefusal, Decision, DecisionInputs, Denial, DenialReason, Denied, Granted, PriceShortfall,
    Submitted,
};
use crate::campaign::{Approval, CampaignStatus};
use crate::condition::{EvaluationContext, evaluate};
use crate::moment::Moment;
use crate::spend::Paid;
use crate::value::AllocationRefusal;
use crate::zone::local_date;

impl Claim {
    /// Decides a claim request. A pending claim that nobody decided in time is over before anything new begins: its end is
    /// recorded with the new decision, so that what it held is given back once.
    pub(super) fn request(&self, inputs: &DecisionInputs) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let lapsed = self.state.as_ref().filter(|state| state.lapsed(inputs.asked_at).is_some());
        let (met, decision) = inputs.judge();
        let outcome = match self.reason(inputs, met)? {
            Some(reason) => self.deny(inputs, decision, reason, None),
            None => match inputs.pay()? {
                Ok(paid) => Some(inputs.fulfil(decision, paid)),
                Err(short) => self.deny(inputs, decision, DenialReason::InsufficientPoints, Some(short)),
            },
        };
        let expired = lapsed.map(|state| state.expired(inputs.value.as_deref(), inputs.asked_at));
        Ok(outcome.map(|outcome| expired.into_iter().chain([outcome]).collect()).unwrap_or_default())
    }

    fn reason(&self, inputs: &DecisionInputs, met: bool) -> Result<Option<DenialReason>, ClaimRefusal> {
        if inputs.own_campaign {
            return Err(ClaimRefusal::OwnCampaign);
        }
        if inputs.blocked {
            return Ok(Some(DenialReason::MemberBlocked));
        }
        if let Some(status) = self.status_at(inputs.asked_at).filter(|status| !status.is_open()) {
            return Err(ClaimRefusal::AlreadyClaimed { status });
        }
        if let Some(earlier) = inputs.earlier {
            return Err(ClaimRefusal::ClaimedBefore(earlier));
        }
        if inputs.campaign_status != CampaignStatus::Active {
            return Ok(Some(DenialReason::CampaignNotActive));
        }
        if !met {
            return Ok(Some(DenialReason::ConditionUnmet));
        }
        Ok(inputs.shortage.map(DenialReason::from))
    }

    fn deny(
        &self,
        inputs: &DecisionInputs,
        decision: Decision,
        reason: DenialReason,
        price: Option<PriceShortfall>,
    ) -> Option<ClaimEvent> {
        let budget = inputs.budget.clone().filter(|_| reason == DenialReason::BudgetExhausted);
        let denial = Denial { reason, decision, budget, price };
        let last = self.state.as_ref().and_then(|state| state.last_denial.as_deref());
        if last.is_some_and(|last| last.is_same(&denial)) {
            return None;
        }
        let Denial { reason, decision, budget, price } = denial;
        Some(ClaimEvent::Denied(Denied { about: inputs.about.clone(), decision, reason, budget, price }))
    }
}

impl Denial {
    /// Whether nothing has changed since: how much others have taken of a budget does not count.
    fn is_same(&self, other: &Self) -> bool {
        let same_budget = match (&self.budget, &other.budget) {
            (Some(one), Some(other)) => one.is_of_the_same(other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.reason == other.reason
            && self.decision.condition_version == other.decision.condition_version
            && self.decision.evidence == other.decision.evidence
            && self.price == other.price
            && same_budget
    }
}

impl DecisionInputs {
    /// The lots that pay the price, or what the member lacks of it.
    fn pay(&self) -> Result<Result<Option<Paid>, PriceShortfall>, ClaimRefusal> {
        let Some(value) = &self.value else { return Ok(Ok(None)) };
        match (value.pay(self.asked_at), &value.price) {
            (Ok(paid), _) => Ok(Ok(paid)),
            (Err(AllocationRefusal::TooManyLots { covers }), _) => Err(ClaimRefusal::TooManyLots { covers }),
            (Err(AllocationRefusal::Insufficient(short)), Some(price)) => Ok(Err(PriceShortfall::of(price, short))),
            (Err(AllocationRefusal::Insufficient(_)), None) => Ok(Ok(None)),
        }
    }

    fn fulfil(&self, decision: Decision, paid: Option<Paid>) -> ClaimEvent {
        let about = self.about.clone();
        let value = self.value.as_deref();
        let counted = value.and_then(|value| value.counted.clone());
        match self.approval {
            Approval::Automatic => {
                let credit = value.and_then(|value| value.credit(about.amount, self.asked_at));
                let coupon = value.and_then(|value| value.coupon(self.asked_at));
                ClaimEvent::Granted(Granted { about, decision, credit, paid, coupon, counted })
            }
            Approval::Manual => {
                let expires_at = Moment::from(self.asked_at.utc() + self.pending_expires_after.duration());
                ClaimEvent::Submitted(Submitted { about, decision, expires_at, paid, counted })
            }
        }
    }

    /// Judges the condition on the facts: the outcome and its proof.
    #[must_use]
    pub fn judge(&self) -> (bool, Decision) {
        let on = local_date(self.time_zone, self.asked_at);
        let asked = EvaluationContext { on, campaign_starts_on: Some(self.campaign_starts_on) };
        let (met, evidence) = evaluate(&self.condition, &self.facts, asked);
        let decision = Decision {
            met,
            evidence,
            facts_position: self.facts_position,
            condition_version: self.condition_version,
            evaluated_at: self.asked_at,
            time_zone: self.time_zone,
            campaign_starts_on: self.campaign_starts_on,
            local_date: Some(on),
        };
        (met, decision)
    }
}
