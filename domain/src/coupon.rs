//! What becomes of a coupon that a claim has granted. Protects: it is used no more often than it says, a hold of it ends once,
//! and who it is bound to alone uses it. Its stream's id is that of the claim. Its terms stand in the grant; it ends by the
//! clock, without an event. Here is no code: a code is looked up before anything is asked of the coupon behind it.

mod command;
mod event;
mod refusal;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use command::{CouponCommand, GrantedCoupon, RedemptionRequest};
pub use event::{
    Captured, CouponEvent, CouponEventType, CouponSubject, Held, HoldExpired, Redeemed, Redemption, Released,
    RolledBack, Voided,
};
pub use refusal::CouponRefusal;

use crate::id::{MemberId, RedemptionId};
use crate::moment::Moment;
use crate::quantity::{DelayDays, UseLimit};
use crate::spend::HoldTime;
use crate::value::{Expiry, LotTerms};
use crate::zone::Tz;

/// What a grant says of the coupon that it hands out. The code is no part of it: the n-th grant has the n-th code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CouponTerms {
    /// From when it is not good any more; absent for what never ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    /// How often it may be redeemed.
    pub max_uses: UseLimit,
    /// Nobody but the member to whom it was granted may redeem it.
    pub bound: bool,
}

impl CouponTerms {
    /// The terms of a coupon that is granted at `at`.
    #[must_use]
    pub fn granted(expiry: Option<Expiry>, zone: Tz, max_uses: UseLimit, bound: bool, at: Moment) -> Self {
        let terms = LotTerms { expiry, available_after_days: DelayDays::default(), zone };
        Self { expires_at: terms.dates(at).expires_at, max_uses, bound }
    }
}

/// What later decisions about a coupon need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    uses: BTreeMap<RedemptionId, Use>,
    is_voided: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Use {
    about: CouponSubject,
    redemption: Redemption,
    hold: Option<HeldUntil>,
    status: UseStatus,
}

/// For how long a use was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct HeldUntil {
    expires_after: HoldTime,
    expires_at: Moment,
}

/// Where one use of a coupon stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseStatus {
    /// It is promised.
    Held,
    /// It is made.
    Captured,
    /// The promise was given up.
    Released,
    /// Nobody captured or released it in time.
    Expired,
    /// It was made and taken back: it counts no more.
    RolledBack,
}

impl UseStatus {
    /// All of them, in the order the API shows.
    pub const ALL: [Self; 5] = [Self::Held, Self::Captured, Self::Released, Self::Expired, Self::RolledBack];

    /// The name in the API and in the read tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::RolledBack => "rolled_back",
        }
    }

    /// Whether it takes one of the uses that the coupon has.
    #[must_use]
    pub fn counts(self) -> bool {
        match self {
            Self::Held | Self::Captured => true,
            Self::Released | Self::Expired | Self::RolledBack => false,
        }
    }
}

impl Coupon {
    /// Decides a command: the events that follow, or the reason why none do. A repeated step is no event. Holds that nobody
    /// ended in time are over before anything else happens: their end is recorded with it.
    ///
    /// # Errors
    /// See [`CouponRefusal`].
    pub fn decide(&self, command: CouponCommand) -> Result<Vec<CouponEvent>, CouponRefusal> {
        match command {
            CouponCommand::Redeem(request) => self.redeem(*request),
            CouponCommand::Capture { redemption_id, at } => self.capture(redemption_id, at),
            CouponCommand::Release { redemption_id, at } => self.release(redemption_id, at),
            CouponCommand::RollBack { redemption_id } => self.roll_back(redemption_id),
            CouponCommand::RecordDue { at } => Ok(self.lapsed(at)),
            CouponCommand::Void { coupon, note } => self.void(&coupon, note),
        }
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &CouponEvent) {
        match event {
            CouponEvent::Redeemed(event) => self.begin(&event.about, &event.redemption, UseStatus::Captured, None),
            CouponEvent::Held(event) => {
                let hold = HeldUntil { expires_after: event.expires_after, expires_at: event.expires_at };
                self.begin(&event.about, &event.redemption, UseStatus::Held, Some(hold));
            }
            CouponEvent::Captured(event) => self.go_on(event.redemption_id, UseStatus::Captured),
            CouponEvent::Released(event) => self.go_on(event.redemption_id, UseStatus::Released),
            CouponEvent::HoldExpired(event) => self.go_on(event.redemption_id, UseStatus::Expired),
            CouponEvent::RolledBack(event) => self.go_on(event.redemption_id, UseStatus::RolledBack),
            CouponEvent::Voided(_) => self.is_voided = true,
        }
    }

    fn begin(&mut self, about: &CouponSubject, redemption: &Redemption, status: UseStatus, hold: Option<HeldUntil>) {
        let begun = Use { about: about.clone(), redemption: redemption.clone(), hold, status };
        self.uses.insert(redemption.redemption_id, begun);
    }

    fn go_on(&mut self, id: RedemptionId, status: UseStatus) {
        if let Some(found) = self.uses.get_mut(&id) {
            found.status = status;
        }
    }

    /// Whether somebody could redeem the coupon at `at`; `None` is a member whom nobody knows.
    ///
    /// # Errors
    /// The reason why not; see [`CouponRefusal`].
    pub fn check(&self, granted: &GrantedCoupon, member: Option<MemberId>, at: Moment) -> Result<(), CouponRefusal> {
        if granted.terms.bound && member != Some(granted.about.member_id) {
            return Err(CouponRefusal::Unknown);
        }
        if self.is_voided || granted.is_reversed {
            return Err(CouponRefusal::Voided);
        }
        if let Some(expired) = granted.terms.expires_at.filter(|end| *end <= at) {
            return Err(CouponRefusal::Expired { at: expired });
        }
        if self.uses_at(at) >= granted.terms.max_uses.get() {
            return Err(CouponRefusal::Used);
        }
        Ok(())
    }

    /// How many of its uses are made or promised at `at`.
    #[must_use]
    pub fn uses_at(&self, at: Moment) -> i64 {
        let made = self.uses.values().filter(|one| one.status_at(at).counts());
        i64::try_from(made.count()).unwrap_or(i64::MAX)
    }

    /// Where one of its uses stands at `at`.
    #[must_use]
    pub fn use_at(&self, id: RedemptionId, at: Moment) -> Option<(&Redemption, UseStatus)> {
        self.uses.get(&id).map(|found| (&found.redemption, found.status_at(at)))
    }

    /// Until when one of its uses is or was held; `None` for a use that was made at once.
    #[must_use]
    pub fn held_until(&self, id: RedemptionId) -> Option<Moment> {
        self.uses.get(&id)?.hold.map(|hold| hold.expires_at)
    }

    /// To whom the coupon of a use was granted, and by what.
    #[must_use]
    pub fn subject_of_use(&self, id: RedemptionId) -> Option<&CouponSubject> {
        self.uses.get(&id).map(|one| &one.about)
    }

    /// Whether staff have voided it.
    #[must_use]
    pub fn is_voided(&self) -> bool {
        self.is_voided
    }
}

impl Use {
    fn lapsed(&self, at: Moment) -> Option<Moment> {
        let end = self.hold.map(|hold| hold.expires_at)?;
        (self.status == UseStatus::Held && end <= at).then_some(end)
    }

    fn status_at(&self, at: Moment) -> UseStatus {
        if self.lapsed(at).is_some() { UseStatus::Expired } else { self.status }
    }
}

crate::aggregate::adapt!(Coupon, "coupon", CouponCommand, CouponEvent, CouponRefusal);
