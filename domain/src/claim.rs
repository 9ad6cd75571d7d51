//! One member's claim of one reward in one period. Protects one promise: it is granted at most once.
//! Its stream's id is derived from (reward, member, period), so a second grant has nowhere to live.
//! Stock and limits hold across claims: they are guarded where events are appended, and a claim that
//! they stop comes back here as a [`Shortage`].

mod again;
mod command;
mod event;
mod ladder;
mod life;
mod refusal;
mod smallest_change;
mod staff;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use command::{ClaimCommand, DecisionInputs, EarlierClaim, Shortage, StaffAction, StaffCommand};
pub use event::{
    Approved, ClaimEvent, ClaimEventType, Decision, DenialReason, Denied, Expired, Fulfilled, FulfilmentFailed,
    Granted, Rejected, Reversed, Subject, Submitted, WithdrawalReason, Withdrawn,
};
pub use life::{ClaimStatus, Transition};
pub use refusal::ClaimRefusal;
pub use smallest_change::{ChangeKind, KnownProfile, RequiredChange, smallest_change};

use crate::moment::Moment;

/// What later decisions about a claim, and the answer to the claimant, need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    state: Option<State>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    about: Subject,
    status: ClaimStatus,
    decision: Decision,
    last_denial: Option<Box<Denial>>,
    expires_at: Option<Moment>,
}

/// The last refused attempt. One for the same reason, with the same condition version and evidence, is the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Denial {
    reason: DenialReason,
    decision: Decision,
}

impl Claim {
    /// Decides a command: the events that follow, or the reason why none do.
    /// A refused attempt is an event too, unless it repeats the last one.
    ///
    /// # Errors
    /// See [`ClaimRefusal`].
    pub fn decide(&self, command: ClaimCommand) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        match command {
            ClaimCommand::Request(request) => self.request(&request),
            ClaimCommand::Staff(command) => self.by_staff(command),
            ClaimCommand::Expire { at } => self.expire(at),
            ClaimCommand::Withdraw { reason } => self.withdraw(reason),
        }
    }

    /// Only what waits for a decision is withdrawn, also when it is too late for one: what it holds is given back once.
    fn withdraw(&self, reason: WithdrawalReason) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let state = self.state.as_ref().ok_or(ClaimRefusal::Unknown)?;
        state.allows(ClaimEventType::Withdrawn)?;
        Ok(vec![ClaimEvent::Withdrawn(Withdrawn { about: state.about.clone(), reason })])
    }

    fn expire(&self, at: Moment) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let state = self.state.as_ref().ok_or(ClaimRefusal::Unknown)?;
        state.allows(ClaimEventType::Expired)?;
        match state.expires_at {
            Some(expires_at) if at < expires_at => Err(ClaimRefusal::NotYetExpired { expires_at }),
            Some(_) | None => Ok(vec![ClaimEvent::Expired(Expired { about: state.about.clone() })]),
        }
    }

    /// Takes one event into account. Where it leads is in `life`.
    pub fn evolve(&mut self, event: &ClaimEvent) {
        let status = event.event_type().status_after(self.status());
        match event {
            ClaimEvent::Denied(denied) => self.evolve_denied(denied, status),
            ClaimEvent::Submitted(submitted) => {
                self.decided(&submitted.about, &submitted.decision, status);
                if let Some(state) = &mut self.state {
                    state.expires_at = Some(submitted.expires_at);
                }
            }
            ClaimEvent::Granted(granted) => self.decided(&granted.about, &granted.decision, status),
            ClaimEvent::Approved(_)
            | ClaimEvent::Rejected(_)
            | ClaimEvent::Expired(_)
            | ClaimEvent::Withdrawn(_)
            | ClaimEvent::Fulfilled(_)
            | ClaimEvent::FulfilmentFailed(_)
            | ClaimEvent::Reversed(_) => {
                if let Some(state) = &mut self.state {
                    state.status = status;
                }
            }
        }
    }

    fn evolve_denied(&mut self, denied: &Denied, status: ClaimStatus) {
        if status == ClaimStatus::Denied {
            self.decided(&denied.about, &denied.decision, status);
        }
        if let Some(state) = &mut self.state {
            let denial = Denial { reason: denied.reason, decision: denied.decision.clone() };
            state.last_denial = Some(Box::new(denial));
        }
    }

    fn decided(&mut self, about: &Subject, decision: &Decision, status: ClaimStatus) {
        let (about, decision) = (about.clone(), decision.clone());
        self.state = Some(State { about, status, decision, last_denial: None, expires_at: None });
    }

    /// Where the claim stands, once asked for.
    #[must_use]
    pub fn status(&self) -> Option<ClaimStatus> {
        self.state.as_ref().map(|state| state.status)
    }

    /// Where the claim stands at `at`, once asked for: a pending one that nobody decided in time has expired,
    /// whether that was recorded or not.
    #[must_use]
    pub fn status_at(&self, at: Moment) -> Option<ClaimStatus> {
        let state = self.state.as_ref()?;
        Some(if state.lapsed(at).is_some() { ClaimStatus::Expired } else { state.status })
    }

    /// What is claimed, by whom and for which period, once asked for.
    #[must_use]
    pub fn about(&self) -> Option<&Subject> {
        self.state.as_ref().map(|state| &state.about)
    }

    /// When a pending claim is too late.
    #[must_use]
    pub fn expires_at(&self) -> Option<Moment> {
        self.state.as_ref().filter(|state| state.status == ClaimStatus::Pending).and_then(|state| state.expires_at)
    }

    /// When a claim that waits for a decision, or did until nobody decided it, is too late.
    #[must_use]
    pub fn waits_until(&self) -> Option<Moment> {
        self.state.as_ref()?.expires_at
    }

    /// The judgement that the status rests on, once asked for.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        self.state.as_ref().map(|state| &state.decision)
    }

    /// Why the last refused attempt was refused, and how its condition was judged.
    #[must_use]
    pub fn last_denial(&self) -> Option<(DenialReason, &Decision)> {
        let denial = self.state.as_ref()?.last_denial.as_ref()?;
        Some((denial.reason, &denial.decision))
    }
}

impl State {
    fn allows(&self, event: ClaimEventType) -> Result<(), ClaimRefusal> {
        if event.follows(self.status) { Ok(()) } else { Err(ClaimRefusal::StepNotAllowed { from: self.status }) }
    }

    /// Since when a claim that nobody decided in time is too late.
    fn lapsed(&self, at: Moment) -> Option<Moment> {
        self.expires_at.filter(|expires_at| self.status == ClaimStatus::Pending && at >= *expires_at)
    }
}

crate::aggregate::adapt!(Claim, "claim", ClaimCommand, ClaimEvent, ClaimRefusal);
