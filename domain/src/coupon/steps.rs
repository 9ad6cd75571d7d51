//! The ladders of a coupon's uses: what is asked for once more is answered as before, what is too late or not there is refused.

use super::{
    Captured, Coupon, CouponEvent, CouponRefusal, CouponSubject, GrantedCoupon, Held, HoldExpired, Redeemed,
    RedemptionRequest, Released, RolledBack, Use, UseStatus, Voided,
};
use crate::id::RedemptionId;
use crate::moment::Moment;

type Decided = Result<Vec<CouponEvent>, CouponRefusal>;

impl Coupon {
    pub(super) fn redeem(&self, request: RedemptionRequest) -> Decided {
        let RedemptionRequest { redemption, hold, coupon, at } = request;
        if let Some(known) = self.uses.get(&redemption.redemption_id) {
            let is_same = known.redemption == redemption && known.hold.map(|hold| hold.expires_after) == hold;
            return if is_same { Ok(vec![]) } else { Err(CouponRefusal::ReferenceConflict) };
        }
        self.check(&coupon, redemption.used_by, at)?;
        let about = coupon.about;
        let event = match hold {
            None => CouponEvent::Redeemed(Redeemed { about, redemption }),
            Some(expires_after) => {
                let expires_at = Moment::from(at.utc() + expires_after.duration());
                CouponEvent::Held(Held { about, redemption, expires_after, expires_at })
            }
        };
        Ok(self.lapsed(at).into_iter().chain([event]).collect())
    }

    pub(super) fn capture(&self, id: RedemptionId, at: Moment) -> Decided {
        let found = self.found(id)?;
        if found.status == UseStatus::Captured && found.hold.is_some() {
            return Ok(vec![]);
        }
        found.is_held(at)?;
        let (about, redemption_id) = found.names();
        Ok(vec![CouponEvent::Captured(Captured { about, redemption_id })])
    }

    pub(super) fn release(&self, id: RedemptionId, at: Moment) -> Decided {
        let found = self.found(id)?;
        if found.status == UseStatus::Released {
            return Ok(vec![]);
        }
        found.is_held(at)?;
        let (about, redemption_id) = found.names();
        Ok(vec![CouponEvent::Released(Released { about, redemption_id })])
    }

    pub(super) fn roll_back(&self, id: RedemptionId) -> Decided {
        let found = self.found(id)?;
        match found.status {
            UseStatus::RolledBack => Ok(vec![]),
            UseStatus::Captured => {
                let (about, redemption_id) = found.names();
                Ok(vec![CouponEvent::RolledBack(RolledBack { about, redemption_id })])
            }
            from @ (UseStatus::Held | UseStatus::Released | UseStatus::Expired) => {
                Err(CouponRefusal::StepNotAllowed { from })
            }
        }
    }

    pub(super) fn void(&self, coupon: &GrantedCoupon, note: String) -> Decided {
        if self.is_voided || coupon.is_reversed {
            return Ok(vec![]);
        }
        Ok(vec![CouponEvent::Voided(Voided { about: coupon.about.clone(), note })])
    }

    /// The end of each hold that nobody ended in time.
    pub(super) fn lapsed(&self, at: Moment) -> Vec<CouponEvent> {
        let over = self.uses.values().filter(|one| one.lapsed(at).is_some());
        let ended = over.map(Use::names).map(|(about, redemption_id)| HoldExpired { about, redemption_id });
        ended.map(CouponEvent::HoldExpired).collect()
    }

    fn found(&self, id: RedemptionId) -> Result<&Use, CouponRefusal> {
        self.uses.get(&id).ok_or(CouponRefusal::RedemptionUnknown)
    }
}

impl Use {
    fn names(&self) -> (CouponSubject, RedemptionId) {
        (self.about.clone(), self.redemption.redemption_id)
    }

    fn is_held(&self, at: Moment) -> Result<(), CouponRefusal> {
        match (self.status, self.hold) {
            (UseStatus::Held | UseStatus::Expired, Some(hold)) if hold.expires_at <= at => {
                Err(CouponRefusal::HoldExpired { at: hold.expires_at })
            }
            (UseStatus::Held, _) => Ok(()),
            (from @ (UseStatus::Captured | UseStatus::Released | UseStatus::Expired | UseStatus::RolledBack), _) => {
                Err(CouponRefusal::StepNotAllowed { from })
            }
        }
    }
}
