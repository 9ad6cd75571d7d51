//! The ladders of a payment: what is asked for once more is answered as before, what is too late or too much is refused, and
//! only then something moves.

use super::{
    Captured, Expired, Held, Made, Paid, Refunded, Released, Spend, SpendEvent, SpendRefusal, SpendRequest,
    SpendStatus, State,
};
use crate::id::{LotId, SpendId};
use crate::moment::Moment;
use crate::quantity::Amount;
use crate::value::{Grace, Holdings, Reference, first, last, total};

type Decided = Result<Vec<SpendEvent>, SpendRefusal>;

impl Spend {
    pub(super) fn start(&self, request: SpendRequest) -> Decided {
        let SpendRequest { about, amount, hold, is_blocked, holdings, lots_position, at } = request;
        if let Some(state) = &self.state {
            return if state.is_same(&about, amount, hold) { Ok(vec![]) } else { Err(SpendRefusal::ReferenceConflict) };
        }
        if is_blocked {
            return Err(SpendRefusal::MemberBlocked);
        }
        let lots = holdings.allocate(amount, at)?;
        let paid = Paid { unit: about.unit.clone(), amount, lots, lots_position, allocated_at: at };
        Ok(vec![match hold {
            None => SpendEvent::Made(Made { about, paid }),
            Some(expires_after) => {
                let expires_at = Moment::from(at.utc() + expires_after.duration());
                SpendEvent::Held(Held { about, paid, expires_after, expires_at })
            }
        }])
    }

    pub(super) fn capture(&self, amount: Option<Amount>, holdings: &Holdings, at: Moment) -> Decided {
        let state = self.state()?;
        let held = state.paid.amount.get();
        let wanted = amount.map_or(held, Amount::get);
        if state.status == SpendStatus::Captured && state.hold.is_some() && total(&state.captured) == wanted {
            return Ok(vec![]);
        }
        state.is_held(at)?;
        if wanted > held {
            return Err(SpendRefusal::AmountExceedsHold { held });
        }
        let (lots, rest) = first(&state.paid.lots, wanted);
        let released = holdings.release(&rest, at);
        Ok(vec![SpendEvent::Captured(Captured { about: state.about.clone(), lots, released })])
    }

    pub(super) fn release(&self, holdings: &Holdings, at: Moment) -> Decided {
        let state = self.state()?;
        if state.status == SpendStatus::Released {
            return Ok(vec![]);
        }
        state.is_held(at)?;
        let released = holdings.release(&state.paid.lots, at);
        Ok(vec![SpendEvent::Released(Released { about: state.about.clone(), released })])
    }

    pub(super) fn expire(&self, holdings: &Holdings, at: Moment) -> Decided {
        let state = self.state()?;
        match (state.status, state.hold) {
            (SpendStatus::Held, Some(hold)) if at < hold.expires_at => {
                Err(SpendRefusal::NotYetExpired { expires_at: hold.expires_at })
            }
            (SpendStatus::Held, _) => {
                let released = holdings.release(&state.paid.lots, at);
                Ok(vec![SpendEvent::Expired(Expired { about: state.about.clone(), released })])
            }
            (SpendStatus::Captured | SpendStatus::Released | SpendStatus::Expired, _) => {
                Err(SpendRefusal::StepNotAllowed { from: state.status })
            }
        }
    }

    pub(super) fn refund(
        &self,
        reference: Reference,
        amount: Option<Amount>,
        holdings: &Holdings,
        grace: Grace,
        at: Moment,
    ) -> Decided {
        let state = self.state()?;
        if let Some(made) = state.refunds.get(&reference) {
            let is_same = amount.map_or(made.left == 0, |amount| amount.get() == made.amount);
            return if is_same { Ok(vec![]) } else { Err(SpendRefusal::ReferenceConflict) };
        }
        if state.status != SpendStatus::Captured {
            return Err(SpendRefusal::StepNotAllowed { from: state.status_at(at) });
        }
        let refundable = state.refundable();
        let wanted = amount.map_or(refundable, Amount::get);
        if wanted > refundable || refundable == 0 {
            return Err(SpendRefusal::RefundExceedsSpend { refundable });
        }
        let lots = last(&state.captured, state.refunded(), wanted);
        let spend = SpendId::of(state.about.caller_id, &state.about.reference);
        let refund = holdings.refund(&lots, grace, LotId::of_refund(spend.0, reference.as_str()), at);
        Ok(vec![SpendEvent::Refunded(Refunded { about: state.about.clone(), reference, refund })])
    }

    fn state(&self) -> Result<&State, SpendRefusal> {
        self.state.as_ref().ok_or(SpendRefusal::Unknown)
    }
}

impl State {
    fn is_held(&self, at: Moment) -> Result<(), SpendRefusal> {
        match (self.status, self.hold) {
            (SpendStatus::Held | SpendStatus::Expired, Some(hold)) if hold.expires_at <= at => {
                Err(SpendRefusal::HoldExpired { at: hold.expires_at })
            }
            (SpendStatus::Held, _) => Ok(()),
            (SpendStatus::Captured | SpendStatus::Released | SpendStatus::Expired, _) => {
                Err(SpendRefusal::StepNotAllowed { from: self.status })
            }
        }
    }

    fn status_at(&self, at: Moment) -> SpendStatus {
        if self.lapsed(at).is_some() { SpendStatus::Expired } else { self.status }
    }
}
