//! What staff do with a claim: who may, and until when. Nobody decides their own claim, nor carries it further. Where a
//! step starts from, and what it holds or gives back, is in `life`.

use super::{
    Approved, Claim, ClaimEvent, ClaimRefusal, ClaimStatus, Fulfilled, FulfilmentFailed, Rejected, Reversed, StaffStep,
    State, Step,
};
use crate::moment::Moment;

impl Claim {
    /// The ladder of a step: whose claim it is, whether it is too late, whether it starts from here.
    pub(super) fn step(&self, order: StaffStep) -> Result<Vec<ClaimEvent>, ClaimRefusal> {
        let StaffStep { step, operator, note, at } = order;
        let state = self.state.as_ref().ok_or(ClaimRefusal::Unknown)?;
        if operator == state.about.member_id {
            return Err(ClaimRefusal::OwnClaim);
        }
        if let Some(at) = state.too_late_for(step, at) {
            return Err(ClaimRefusal::Expired { at });
        }
        let about = state.about.clone();
        let event = match step {
            Step::Approve => ClaimEvent::Approved(Approved { about, note }),
            Step::Reject => ClaimEvent::Rejected(Rejected { about, note }),
            Step::Fulfil => ClaimEvent::Fulfilled(Fulfilled { about, note }),
            Step::FailFulfilment => ClaimEvent::FulfilmentFailed(FulfilmentFailed { about, note }),
            Step::Reverse => ClaimEvent::Reversed(Reversed { about, note }),
        };
        state.allows(event.event_type())?;
        Ok(vec![event])
    }
}

impl State {
    /// Since when the claim cannot be decided any more, recorded or not; other steps have no such moment.
    fn too_late_for(&self, step: Step, at: Moment) -> Option<Moment> {
        match step {
            Step::Approve | Step::Reject if self.status == ClaimStatus::Expired => self.expires_at,
            Step::Approve | Step::Reject => self.lapsed(at),
            Step::Fulfil | Step::FailFulfilment | Step::Reverse => None,
        }
    }
}
