//! Random coupons: granted, used, held and taken back, each step possible after the one before. The same seed is the same coupons.

use std::collections::BTreeMap;

use domain::Event;
use domain::claim::Claim;
use domain::coupon::Coupon;
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use domain::value::ValueEvent;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Draft;

const REWARD: RewardId = RewardId(Uuid::from_u128(5 << 100));
const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(6 << 100));

pub(crate) struct Vouchers {
    random: StdRng,
    made: Vec<(Uuid, Value)>,
    /// Uses that are held, and uses that are made.
    uses: Vec<(usize, Uuid, bool)>,
}

/// A member who has coupons.
pub(crate) fn holder(number: u128) -> MemberId {
    MemberId(Uuid::from_u128((4 << 100) + number))
}

impl Vouchers {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), made: Vec::new(), uses: Vec::new() }
    }

    /// The next step of one of them, or a new one.
    pub(crate) fn step(&mut self) -> Draft {
        if self.made.len() < 3 || self.random.random_bool(0.4) {
            return self.grant();
        }
        let at = self.random.random_range(0..self.made.len());
        match self.random.random_range(0..10) {
            0 => self.of_claim(at, "claim.reversed", json!({"reversal": {"couponVoided": true}})),
            1 => self.of_coupon(at, "coupon.voided", json!({"note": "A mistake."})),
            2..=5 if !self.uses.is_empty() => {
                let (coupon, id, is_held) = self.uses.swap_remove(self.random.random_range(0..self.uses.len()));
                let ends = ["coupon.released", "coupon.hold_expired", "coupon.captured"];
                let name = if is_held { ends[self.random.random_range(0..3)] } else { "coupon.rolled_back" };
                if name == "coupon.captured" {
                    self.uses.push((coupon, id, false));
                }
                self.of_coupon(coupon, name, json!({"redemptionId": id}))
            }
            _ => self.use_it(at),
        }
    }

    fn use_it(&mut self, at: usize) -> Draft {
        let (id, is_held) = (Uuid::from_u128(self.random.random()), self.random.random_bool(0.5));
        self.uses.push((at, id, is_held));
        let redemption =
            json!({"redemptionId": id, "callerId": Uuid::from_u128(8 << 100), "reference": id.to_string()});
        let held = json!({"redemption": redemption, "expiresAfter": "15m", "expiresAt": "2026-11-21T08:15:00.000Z"});
        if is_held {
            self.of_coupon(at, "coupon.held", held)
        } else {
            self.of_coupon(at, "coupon.redeemed", json!({"redemption": redemption}))
        }
    }

    fn grant(&mut self) -> Draft {
        let number = self.made.len();
        let period = format!("ref:{number}");
        let member = holder(self.random.random_range(0..5));
        let id = ClaimId::of(REWARD, member, &period).0;
        let about = json!({"memberId": member, "rewardId": REWARD, "eventId": CAMPAIGN, "period": period, "amount": 1,
                           "rewardType": "COUPON"});
        self.made.push((id, about));
        let decision = json!({"met": true, "evidence": [], "factsPosition": 0, "conditionVersion": 1,
                              "evaluatedAt": "2026-11-21T08:00:00.000Z", "timeZone": "UTC", "eventStartsOn": "2026-11-01"});
        let coupon = json!({"maxUses": 1_000, "bound": number.is_multiple_of(2)});
        self.of_claim(number, "claim.granted", json!({"decision": decision, "coupon": coupon}))
    }

    fn of_claim(&self, at: usize, name: &str, rest: Value) -> Draft {
        let (id, about) = &self.made[at];
        Draft { stream_id: *id, event: event(name, "2", about, rest) }
    }

    fn of_coupon(&self, at: usize, name: &str, rest: Value) -> Draft {
        let (id, about) = &self.made[at];
        let about = json!({"memberId": about["memberId"], "rewardId": about["rewardId"], "eventId": about["eventId"]});
        Draft { stream_id: *id, event: event(name, "1", &about, rest) }
    }
}

/// What the domain says of each coupon: the uses that count, and whether it was taken back.
pub(crate) fn standing<'a>(drafts: impl Iterator<Item = &'a Draft>) -> BTreeMap<Uuid, (i64, bool)> {
    let mut all: BTreeMap<Uuid, (Claim, Coupon)> = Default::default();
    for Draft { stream_id, event } in drafts {
        let (claim, coupon) = all.entry(*stream_id).or_default();
        match event {
            Event::Claim(event) => claim.evolve(event),
            Event::Value(ValueEvent::Coupon(event)) => coupon.evolve(event),
            other => panic!("{other:?}"),
        }
    }
    let told = |(claim, coupon): (Claim, Coupon)| {
        let is_reversed = claim.coupon().is_some_and(|(_, is_reversed)| is_reversed);
        (coupon.uses_at(domain::Moment::EPOCH), coupon.is_voided() || is_reversed)
    };
    all.into_iter().map(|(id, one)| (id, told(one))).collect()
}

fn event(name: &str, version: &str, about: &Value, rest: Value) -> Event {
    let mut payload = json!({"type": name, "about": about});
    payload.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    Event::decode(name, version, &payload.to_string()).unwrap()
}
