//! One member's claim of one reward in one period. Protects one promise: it is granted at most once.
//! Its stream's id is derived from (reward, member, period), so a second grant has nowhere to live.
//! Stock and limits hold across claims: they are guarded where events are appended, and a claim that
//! they stop comes back here as a [`Shortage`].

mod again;
mod command;
mod denial;
mod endings;
mod entries;
mod event;
mod ladder;
mod life;
mod refusal;
mod smallest_change;
mod staff;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod value_tests;

use serde::{Deserialize, Serialize};

pub use command::{ClaimCommand, ClaimValue, DecisionInputs, EarlierClaim, Shortage, StaffAction, StaffCommand};
pub use denial::{DenialReason, Denied};
pub use endings::{Expired, Fulfilled, FulfilmentFailed, Rejected, Reversed, WithdrawalReason, Withdrawn};
pub use event::{Approved, ClaimEvent, ClaimEventType, Credited, Decision, Granted, Subject, Submitted};
pub use life::{ClaimStatus, Transition};
pub use refusal::ClaimRefusal;
pub use smallest_change::{ChangeKind, KnownProfile, RequiredChange, smallest_change};
pub use value::{
    CouponOffer, Credit, CreditTerms, GivenBack, Price, PriceRefunded, PriceReleased, PriceShortfall, Reversal,
    ValueInputs,
};

use self::value::Moved;
use crate::budget::BudgetShortfall;
use crate::coupon::{CouponSubject, CouponTerms, GrantedCoupon};
use crate::moment::Moment;
use crate::spend::Paid;

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
    #[serde(default)]
    moved: Box<Moved>,
}

/// The last refused attempt. One for the same reason, with the same condition version, evidence and numbers, is the
/// same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Denial {
    reason: DenialReason,
    decision: Decision,
    #[serde(default)]
    budget: Option<BudgetShortfall>,
    #[serde(default)]
    price: Option<PriceShortfall>,
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
            ClaimCommand::Expire { at, value } => self.expire(at, &value.unwrap_or_default()),
            ClaimCommand::Withdraw { reason, at, value } => self.withdraw(reason, at, &value.unwrap_or_default()),
            ClaimCommand::Credit { at, value } => self.credit(at, &value.unwrap_or_default()),
        }
    }

    /// Only what waits for a decision is withdrawn, also when it is too late for one: what it holds is given back once.
    fn withdraw(
        &self,
        reason: WithdrawalReason,
        at: Moment,
        value: &ValueInputs,
    ) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let state = self.state.as_ref().ok_or(ClaimRefusal::Unknown)?;
        state.allows(ClaimEventType::Withdrawn)?;
        let given_back = state.moved.give_back(value, at);
        Ok(vec![ClaimEvent::Withdrawn(Withdrawn { about: state.about.clone(), reason, given_back })])
    }

    fn expire(&self, at: Moment, value: &ValueInputs) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let state = self.state.as_ref().ok_or(ClaimRefusal::Unknown)?;
        state.allows(ClaimEventType::Expired)?;
        match state.expires_at {
            Some(expires_at) if at < expires_at => Err(ClaimRefusal::NotYetExpired { expires_at }),
            Some(_) | None => Ok(vec![state.expired(Some(value), at)]),
        }
    }

    /// A grant credits once, by its own event or by this one.
    fn credit(&self, at: Moment, value: &ValueInputs) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let state = self.state.as_ref().ok_or(ClaimRefusal::Unknown)?;
        state.allows(ClaimEventType::Credited)?;
        let credit = value.credit(state.about.amount, at).filter(|_| state.moved.credit.is_none());
        let credited = credit.map(|credit| Credited { about: state.about.clone(), credit });
        Ok(credited.map(ClaimEvent::Credited).into_iter().collect())
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
                    state.moved.paid.clone_from(&submitted.paid);
                    state.moved.counted.clone_from(&submitted.counted);
                }
            }
            ClaimEvent::Granted(granted) => {
                self.decided(&granted.about, &granted.decision, status);
                if let Some(state) = &mut self.state {
                    let Granted { credit, paid, coupon, counted, .. } = granted.clone();
                    *state.moved = Moved { credit, paid, coupon, counted };
                }
            }
            ClaimEvent::Approved(approved) => {
                if let Some(state) = self.step_to(status) {
                    state.moved.credit.clone_from(&approved.credit);
                    state.moved.coupon.clone_from(&approved.coupon);
                }
            }
            ClaimEvent::Credited(credited) => {
                if let Some(state) = self.step_to(status) {
                    state.moved.credit = Some(credited.credit.clone());
                }
            }
            ClaimEvent::Rejected(_)
            | ClaimEvent::Expired(_)
            | ClaimEvent::Withdrawn(_)
            | ClaimEvent::Fulfilled(_)
            | ClaimEvent::FulfilmentFailed(_)
            | ClaimEvent::Reversed(_) => {
                self.step_to(status);
            }
        }
    }

    fn step_to(&mut self, status: ClaimStatus) -> Option<&mut State> {
        let state = self.state.as_mut()?;
        state.status = status;
        Some(state)
    }

    fn evolve_denied(&mut self, denied: &Denied, status: ClaimStatus) {
        if status == ClaimStatus::Denied {
            self.decided(&denied.about, &denied.decision, status);
        }
        if let Some(state) = &mut self.state {
            let Denied { reason, decision, budget, price, .. } = denied.clone();
            state.last_denial = Some(Box::new(Denial { reason, decision, budget, price }));
        }
    }

    fn decided(&mut self, about: &Subject, decision: &Decision, status: ClaimStatus) {
        let (about, decision) = (about.clone(), decision.clone());
        let moved = Box::default();
        self.state = Some(State { about, status, decision, last_denial: None, expires_at: None, moved });
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

    /// What the grant credited, if it credited something.
    #[must_use]
    pub fn credited(&self) -> Option<&Credit> {
        self.state.as_ref()?.moved.credit.as_ref()
    }

    /// The price that is held or paid, if there is one.
    #[must_use]
    pub fn paid(&self) -> Option<&Paid> {
        self.state.as_ref()?.moved.paid.as_ref()
    }

    /// The terms of the coupon that the grant handed out, and whether the grant was taken back.
    #[must_use]
    pub fn coupon(&self) -> Option<(&CouponTerms, bool)> {
        let state = self.state.as_ref()?;
        Some((state.moved.coupon.as_ref()?, state.status == ClaimStatus::Reversed))
    }

    /// The same with whose it is, as the coupon's own stream wants it.
    #[must_use]
    pub fn granted_coupon(&self) -> Option<GrantedCoupon> {
        let ((terms, is_reversed), about) = (self.coupon()?, self.about()?);
        let about =
            CouponSubject { member_id: about.member_id, reward_id: about.reward_id, campaign_id: about.campaign_id };
        Some(GrantedCoupon { about, terms: terms.clone(), is_reversed })
    }

    /// What the last refused attempt lacked: room in a budget, or points.
    #[must_use]
    pub fn last_shortfall(&self) -> (Option<&BudgetShortfall>, Option<&PriceShortfall>) {
        let denial = self.state.as_ref().and_then(|state| state.last_denial.as_deref());
        denial.map_or((None, None), |denial| (denial.budget.as_ref(), denial.price.as_ref()))
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

    /// Its end, when nobody decided it in time.
    fn expired(&self, value: Option<&ValueInputs>, at: Moment) -> ClaimEvent {
        let given_back = self.moved.give_back(value.unwrap_or(&ValueInputs::default()), at);
        ClaimEvent::Expired(Expired { about: self.about.clone(), given_back })
    }

    /// Since when a claim that nobody decided in time is too late.
    fn lapsed(&self, at: Moment) -> Option<Moment> {
        self.expires_at.filter(|expires_at| self.status == ClaimStatus::Pending && at >= *expires_at)
    }
}

crate::aggregate::adapt!(Claim, "claim", ClaimCommand, ClaimEvent, ClaimRefusal);
