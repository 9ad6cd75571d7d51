//! The ladder of a claim request: the first rung that applies gives the reason. A refused attempt is an event too, but
//! only once for the same reason, condition version and evidence.

use super::{
    Claim, ClaimEvent, ClaimRefusal, Decision, DecisionInputs, Denial, DenialReason, Denied, Expired, Granted,
    Submitted,
};
use crate::campaign::{Approval, CampaignStatus};
use crate::condition::{EvaluationContext, evaluate};
use crate::moment::Moment;
use crate::zone::local_date;

impl Claim {
    /// Decides a claim request. A pending claim that nobody decided in time is over before anything new begins: its end is
    /// recorded with the new decision, so that what it held is given back once.
    pub(super) fn request(&self, inputs: &DecisionInputs) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let lapsed = self.state.as_ref().filter(|state| state.lapsed(inputs.asked_at).is_some());
        let (met, decision) = inputs.judge();
        let outcome = match self.reason(inputs, met)? {
            Some(reason) => self.deny(inputs, decision, reason),
            None => Some(inputs.fulfil(decision)),
        };
        let expired = lapsed.map(|state| ClaimEvent::Expired(Expired { about: state.about.clone() }));
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

    fn deny(&self, inputs: &DecisionInputs, decision: Decision, reason: DenialReason) -> Option<ClaimEvent> {
        let last = self.state.as_ref().and_then(|state| state.last_denial.as_deref());
        let same = |denial: &Denial| {
            denial.reason == reason
                && denial.decision.condition_version == decision.condition_version
                && denial.decision.evidence == decision.evidence
        };
        if last.is_some_and(same) {
            return None;
        }
        Some(ClaimEvent::Denied(Denied { about: inputs.about.clone(), decision, reason }))
    }
}

impl DecisionInputs {
    fn fulfil(&self, decision: Decision) -> ClaimEvent {
        let about = self.about.clone();
        match self.approval {
            Approval::Automatic => ClaimEvent::Granted(Granted { about, decision }),
            Approval::Manual => {
                let expires_at = Moment::from(self.asked_at.utc() + self.pending_expires_after.duration());
                ClaimEvent::Submitted(Submitted { about, decision, expires_at })
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
