//! A ledger that follows the log with a heap of codes for each reward and a sheet of paper for each coupon, on which its uses are
//! written. It counts again what is left, and says of each use whether it could be.

use std::collections::BTreeMap;

use domain::claim::ClaimEventType;
use domain::codes::CodesEvent;
use domain::coupon::{CouponEvent, CouponRefusal, UseStatus};
use domain::id::{ClaimId, MemberId, RedemptionId, RewardId};
use domain::value::ValueEvent;
use domain::{Event, Moment};

/// A coupon: one of a member and a reward.
pub(crate) type Key = (MemberId, RewardId);

/// The codes of each reward, and what became of those that were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heap {
    pub(crate) total: BTreeMap<RewardId, i64>,
    pub(crate) given: BTreeMap<RewardId, Vec<ClaimId>>,
    pub(crate) coupons: BTreeMap<Key, Paper>,
}

/// A coupon as a piece of paper on which each use is written.
#[derive(Debug, Clone)]
pub(crate) struct Paper {
    until: Option<Moment>,
    room: usize,
    bound: bool,
    torn: bool,
    uses: BTreeMap<RedemptionId, (UseStatus, Option<Moment>)>,
}

impl Paper {
    pub(crate) fn uses_at(&self, at: Moment) -> i64 {
        let is_promised = |until: &Option<Moment>| until.is_some_and(|until| until > at);
        let taken = self.uses.values().filter(|(status, until)| match status {
            UseStatus::Held => is_promised(until),
            UseStatus::Captured => true,
            UseStatus::Released | UseStatus::Expired | UseStatus::RolledBack => false,
        });
        i64::try_from(taken.count()).unwrap()
    }

    pub(crate) fn refusal(&self, owner: MemberId, member: Option<MemberId>, at: Moment) -> Option<CouponRefusal> {
        if self.bound && member != Some(owner) {
            Some(CouponRefusal::Unknown)
        } else if self.torn {
            Some(CouponRefusal::Voided)
        } else if let Some(end) = self.until.filter(|end| *end <= at) {
            Some(CouponRefusal::Expired { at: end })
        } else if self.uses_at(at) >= i64::try_from(self.room).unwrap() {
            Some(CouponRefusal::Used)
        } else {
            None
        }
    }

    fn step(&mut self, id: RedemptionId, to: UseStatus, at: Moment) {
        let (status, until) = self.uses.get_mut(&id).unwrap();
        let is_over = until.is_some_and(|until| until <= at);
        let may = match to {
            UseStatus::Captured | UseStatus::Released => *status == UseStatus::Held && !is_over,
            UseStatus::Expired => *status == UseStatus::Held && is_over,
            UseStatus::RolledBack => *status == UseStatus::Captured,
            UseStatus::Held => false,
        };
        assert!(may, "{to:?} from {status:?}, which is over: {is_over}");
        *status = to;
    }
}

impl Heap {
    pub(crate) fn follow(&mut self, position: i64, at: Moment, event: &Event) {
        match event {
            Event::Claim(claim) => {
                let about = claim.about();
                let key = (about.member_id, about.reward_id);
                if let Some(terms) = claim.coupon() {
                    let given = self.given.entry(key.1).or_default();
                    given.push(about.claim_id());
                    let (given, total) = (i64::try_from(given.len()).unwrap(), self.total[&key.1]);
                    assert!(given <= total, "{given} of {total} codes are given at {position}");
                    let room = usize::try_from(terms.max_uses.get()).unwrap();
                    let paper =
                        Paper { until: terms.expires_at, room, bound: terms.bound, torn: false, uses: BTreeMap::new() };
                    assert!(self.coupons.insert(key, paper).is_none(), "{key:?} is given twice");
                } else if claim.event_type() == ClaimEventType::Reversed
                    && let Some(paper) = self.coupons.get_mut(&key)
                {
                    paper.torn = true;
                }
            }
            Event::Value(ValueEvent::Codes(event)) => {
                let total = self.total.entry(event.about().reward_id).or_default();
                match event {
                    CodesEvent::Added(added) => {
                        assert_eq!(added.from, *total + 1, "at {position}");
                        *total += added.count.get();
                    }
                    CodesEvent::Withdrawn(withdrawn) => *total -= withdrawn.count.get(),
                    CodesEvent::RunningLow(_) => {}
                }
            }
            Event::Value(ValueEvent::Coupon(event)) => self.used(position, at, event),
            _ => {}
        }
    }

    fn used(&mut self, position: i64, at: Moment, event: &CouponEvent) {
        let about = event.about();
        let paper = self.coupons.get_mut(&(about.member_id, about.reward_id)).unwrap();
        let (redemption, use_) = match event {
            CouponEvent::Redeemed(event) => (&event.redemption, (UseStatus::Captured, None)),
            CouponEvent::Held(event) => (&event.redemption, (UseStatus::Held, Some(event.expires_at))),
            CouponEvent::Captured(event) => return paper.step(event.redemption_id, UseStatus::Captured, at),
            CouponEvent::Released(event) => return paper.step(event.redemption_id, UseStatus::Released, at),
            CouponEvent::HoldExpired(event) => return paper.step(event.redemption_id, UseStatus::Expired, at),
            CouponEvent::RolledBack(event) => return paper.step(event.redemption_id, UseStatus::RolledBack, at),
            CouponEvent::Voided(_) => {
                assert!(!paper.torn, "at {position}");
                paper.torn = true;
                return;
            }
        };
        assert_eq!(paper.refusal(about.member_id, redemption.used_by, at), None, "a use at {position}");
        assert!(paper.uses.insert(redemption.redemption_id, use_).is_none(), "twice at {position}");
    }
}
