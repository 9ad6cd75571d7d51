//! What staff do with a claim: who may do it, and until when. Nobody decides their own claim, or reports on it. From
//! which status an action is allowed, and what it holds or gives back, is in `life`.

use super::{
    Approved, Claim, ClaimEvent, ClaimRefusal, ClaimStatus, Fulfilled, FulfilmentFailed, Rejected, Reversed,
    StaffAction, StaffCommand, State,
};
use crate::moment::Moment;

impl Claim {
    /// The rules in order: it is not their own claim, it is not too late, the status allows the action.
    pub(super) fn by_staff(&self, command: StaffCommand) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let StaffCommand { action, operator, note, at, value } = command;
        let value = value.unwrap_or_default();
        let state = self.state.as_ref().ok_or(ClaimRefusal::Unknown)?;
        if operator == state.about.member_id {
            return Err(ClaimRefusal::OwnClaim);
        }
        if let Some(at) = state.too_late_for(action, at) {
            return Err(ClaimRefusal::Expired { at });
        }
        let about = state.about.clone();
        let event = match action {
            StaffAction::Approve => {
                let (credit, coupon) = (value.credit(about.amount, at), value.coupon(at));
                ClaimEvent::Approved(Approved { about, note, credit, paid: state.moved.paid.clone(), coupon })
            }
            StaffAction::Reject => {
                let given_back = state.moved.give_back(&value, at);
                ClaimEvent::Rejected(Rejected { about, note, given_back })
            }
            StaffAction::Fulfil => ClaimEvent::Fulfilled(Fulfilled { about, note }),
            StaffAction::FailFulfilment => ClaimEvent::FulfilmentFailed(FulfilmentFailed { about, note }),
            StaffAction::Reverse => {
                let reversal = state.moved.reverse(about.claim_id(), &value, at);
                ClaimEvent::Reversed(Reversed { about, note, reversal })
            }
        };
        state.allows(event.event_type())?;
        Ok(vec![event])
    }
}

impl State {
    /// When the time to decide the claim ran out, whether that was recorded or not. Other actions have no time limit.
    fn too_late_for(&self, action: StaffAction, at: Moment) -> Option<Moment> {
        match action {
            StaffAction::Approve | StaffAction::Reject if self.status == ClaimStatus::Expired => self.expires_at,
            StaffAction::Approve | StaffAction::Reject => self.lapsed(at),
            StaffAction::Fulfil | StaffAction::FailFulfilment | StaffAction::Reverse => None,
        }
    }
}
