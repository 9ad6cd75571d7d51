//! Coupons in the shop of the tests: random uses of them, which must agree with `value_paper` at every position.

use std::collections::BTreeMap;
use std::sync::Mutex;

use commands::{
    AnswerFromReceipt, CodesError, CommandError, GuardRefusal, Metadata, RedemptionOrder, RedemptionStep, SealedCode,
};
use domain::campaign::{
    Campaign, CampaignCommand, CodesTerms, NewReward, RewardExpiry, RewardTerms, RewardType, RewardValue,
};
use domain::claim::{ClaimEventType, Price};
use domain::codes::{Codes, CodesRefusal};
use domain::coupon::{Coupon, CouponRefusal, CouponSubject, GrantedCoupon};
use domain::id::{ClaimId, MemberId, RedemptionId, RewardId};
use domain::role::Role;
use domain::value::{Expiry, ValueEvent};
use domain::{Event, Moment};
use futures::FutureExt as _;
use rand::seq::IndexedRandom as _;
use rand::{Rng, rngs::StdRng};
use uuid::Uuid;

use super::support::now;
use super::value_paper::{Heap, Key};
use super::value_shop::{SHOP, Shop, points, reference};

/// Codes that nobody else has, as they would be kept.
pub(crate) fn sealed(count: usize) -> Vec<SealedCode> {
    let code = || {
        let digest = [*Uuid::now_v7().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
        SealedCode { digest: digest.try_into().unwrap(), encrypted: vec![1] }
    };
    (0..count).map(|_| code()).collect()
}

/// What a coupon is good for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) max_uses: i64,
    pub(crate) bound: bool,
    pub(crate) days: Option<i64>,
    /// In points.
    pub(crate) price: Option<i64>,
}

impl Shop {
    pub(crate) async fn coupon_reward(&self, offer: Offer, reviewed: bool) -> RewardId {
        let reward_id = RewardId(Uuid::now_v7());
        let value = RewardValue {
            codes: Some(CodesTerms { max_uses: offer.max_uses.try_into().unwrap(), bound: offer.bound }),
            expiry: offer.days.map(|days| RewardExpiry::By(Expiry::after(days.try_into().unwrap()))),
            price: offer.price.map(|amount| Price { unit: points(), amount: amount.try_into().unwrap() }),
            ..RewardValue::default()
        };
        let terms = RewardTerms {
            name: "Coupon".to_owned(),
            description: None,
            reward_type: RewardType::Coupon,
            amount: 1.try_into().unwrap(),
            quantity: None,
            per_member_limit: None,
            value: Some(Box::new(value)),
        };
        let command = CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms }));
        let (campaign, staff) = (self.campaign(reviewed).to_string(), Metadata::system(now()));
        self.ledger(0).execute::<Campaign>(&campaign, command, &staff).await.unwrap();
        reward_id
    }

    pub(crate) async fn add_codes(
        &self,
        instance: usize,
        reward: RewardId,
        codes: Vec<SealedCode>,
    ) -> Result<Codes, CodesError> {
        let seal = move |_, _| std::future::ready(Some(codes.clone())).boxed();
        let (metadata, answer) = (Metadata::system(now()), AnswerFromReceipt::none());
        let added = self.ledger(instance).add_codes(reward, Uuid::now_v7(), &seal, &metadata, &answer).await;
        added.map(|receipt| receipt.state)
    }

    pub(crate) async fn withdraw_codes(&self, instance: usize, reward: RewardId, count: i64) -> Result<(), CodesError> {
        let (metadata, answer, count) = (Metadata::system(now()), AnswerFromReceipt::none(), count.try_into().unwrap());
        self.ledger(instance).withdraw_codes(reward, count, &metadata, &answer).await.map(|_| ())
    }
}

/// What the players know of coupons.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) rewards: Vec<RewardId>,
    coupons: Mutex<Vec<(ClaimId, Key)>>,
    uses: Mutex<Vec<RedemptionId>>,
    refused: Mutex<Vec<RefusedUse>>,
}

/// A use that was refused, and between which positions.
struct RefusedUse {
    key: Key,
    used_by: Option<MemberId>,
    refusal: CouponRefusal,
    after: i64,
    before: i64,
    at: Moment,
}

impl Counter {
    /// With and without a price, an end, and a bond to the member; some are asked for in vain until codes are added.
    pub(crate) async fn open(shop: &Shop) -> Self {
        let mut rewards = vec![];
        for number in 0..16_i64 {
            let offer = Offer {
                max_uses: 1 + number % 3,
                bound: number % 4 == 1,
                days: (number % 3 > 0).then_some(1 + number % 3),
                price: (number % 5 == 2).then_some(2),
            };
            let reward = shop.coupon_reward(offer, number % 6 == 4).await;
            shop.add_codes(0, reward, sealed(2)).await.unwrap();
            rewards.push(reward);
        }
        Self { rewards, ..Self::default() }
    }

    /// Notes who has asked for what.
    pub(crate) fn asked(&self, id: ClaimId, key: Key) {
        if self.rewards.contains(&key.1) {
            self.coupons.lock().unwrap().push((id, key));
        }
    }

    pub(crate) async fn act(&self, shop: &Shop, instance: usize, name: &str, random: &mut StdRng) {
        let (after, at) = (shop.head().await, shop.now());
        let (ledger, answer) = (shop.ledger(instance), AnswerFromReceipt::none());
        let metadata = Metadata::of(SHOP, Role::Service, at);
        let of_any = self.coupons.lock().unwrap().choose(random).copied();
        match (random.random_range(0..16), of_any) {
            (0..8, Some((claim_id, key))) => {
                let hold = random.random_bool(0.5).then(|| {
                    let minutes = random.random_range(5..600);
                    format!("{minutes}m").try_into().unwrap()
                });
                let used_by = random.random_bool(0.7).then_some(key.0);
                let order =
                    RedemptionOrder { claim_id, caller_id: SHOP, reference: reference(name), used_by, hold, at };
                match ledger.redeem_coupon(order, &metadata, &answer).await {
                    Ok(_) => self.uses.lock().unwrap().push(RedemptionId::of(SHOP, &reference(name))),
                    Err(CommandError::Refused { refusal, .. }) => {
                        let before = shop.head().await;
                        let refused = RefusedUse { key, used_by, refusal, after, before, at };
                        self.refused.lock().unwrap().push(refused);
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
            (8..12, _) => {
                let Some(id) = self.uses.lock().unwrap().choose(random).copied() else { return };
                let steps = [RedemptionStep::Capture, RedemptionStep::Release, RedemptionStep::RollBack];
                let step = *steps.choose(random).unwrap();
                match ledger.change_redemption(id, SHOP, step, at, &metadata, &answer).await {
                    Ok(_) | Err(CommandError::Refused { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            (12, Some((claim_id, _))) if random.random_bool(0.6) => {
                match ledger.void_coupon(claim_id, "By hand.".to_owned(), &metadata, &answer).await {
                    Ok(_) | Err(CommandError::Refused { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            (13, Some((claim_id, _))) => {
                ledger.end_holds_of_coupon(claim_id, &Metadata::system(at)).await.unwrap();
            }
            (14, _) => {
                let reward = *self.rewards.choose(random).unwrap();
                match shop.withdraw_codes(instance, reward, 1).await {
                    Ok(())
                    | Err(CodesError::Command(
                        CommandError::Refused { refusal: CodesRefusal::BelowCommitted { .. }, .. }
                        | CommandError::Guard(GuardRefusal::BelowCommitted { .. }),
                    )) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            _ => {
                let reward = *self.rewards.choose(random).unwrap();
                shop.add_codes(instance, reward, sealed(random.random_range(1..3))).await.unwrap();
            }
        }
    }

    /// At every position both ledgers say the same of every coupon, each refusal was true, and the rows are those of the end.
    pub(crate) async fn agree(&self, shop: &Shop, log: &[(i64, Moment, Event)]) {
        let mut history = vec![Heap::default()];
        let mut folded: BTreeMap<Key, (GrantedCoupon, Coupon)> = BTreeMap::new();
        for (position, at, event) in log {
            let mut next = history[history.len() - 1].clone();
            next.follow(*position, *at, event);
            fold(&mut folded, event);
            assert_eq!(folded.len(), next.coupons.len());
            for (key, (granted, coupon)) in &folded {
                let naive = &next.coupons[key];
                assert_eq!(coupon.uses_at(*at), naive.uses_at(*at), "uses of {key:?} at {position}");
                for member in [None, Some(key.0)] {
                    let verdict = coupon.check(granted, member, *at).err();
                    assert_eq!(verdict, naive.refusal(key.0, member, *at), "{key:?} at {position}");
                }
            }
            history.push(next);
        }
        self.assert_refused_rightly(&history);
        self.agree_with_rows(shop, &history[history.len() - 1]).await;
    }

    fn assert_refused_rightly(&self, history: &[Heap]) {
        let refused = self.refused.lock().unwrap();
        for RefusedUse { key, used_by, refusal, after, before, at } in refused.iter() {
            let mut then = (*after..=*before).map(|position| &history[usize::try_from(position).unwrap()]);
            let says = |heap: &Heap| match heap.coupons.get(key) {
                Some(coupon) => coupon.refusal(key.0, *used_by, *at),
                None => Some(CouponRefusal::Unknown),
            };
            assert!(then.any(|heap| says(heap) == Some(*refusal)), "{refusal:?} of {key:?} was never so");
        }
        let kinds = refused.iter().map(|refused| std::mem::discriminant(&refused.refusal));
        assert!(kinds.collect::<std::collections::HashSet<_>>().len() >= 3, "few reasons were met");
    }

    async fn agree_with_rows(&self, shop: &Shop, last: &Heap) {
        let rows: Vec<(Uuid, i64, Uuid)> =
            sqlx::query_as("select reward_id, number, claim_id from coupon_grants order by reward_id, number")
                .fetch_all(&shop.pool)
                .await
                .unwrap();
        let given = last.given.iter().flat_map(|(reward, claims)| {
            (1..).zip(claims).map(|(number, claim)| (reward.0, number, claim.0)).collect::<Vec<_>>()
        });
        assert_eq!(rows, given.collect::<Vec<_>>(), "the n-th grant has the n-th code");
        let sql = "select reward_id, count(*), max(number) from coupon_codes where not withdrawn group by reward_id";
        let there: Vec<(Uuid, i64, i64)> = sqlx::query_as(sql).fetch_all(&shop.pool).await.unwrap();
        let there: BTreeMap<_, _> = there.into_iter().map(|(reward, count, last)| (reward, (count, last))).collect();
        for (reward, left) in last.total.iter().filter(|(_, total)| **total > 0) {
            assert_eq!(there.get(&reward.0), Some(&(*left, *left)), "the codes of {reward}");
        }
        let sql = "select (select count(*) from staged_codes) + (select count(*) from withdrawn_codes)";
        let left: i64 = sqlx::query_scalar(sql).fetch_one(&shop.pool).await.unwrap();
        assert_eq!(left, 0, "nothing is left behind");
    }
}

fn fold(coupons: &mut BTreeMap<Key, (GrantedCoupon, Coupon)>, event: &Event) {
    match event {
        Event::Claim(claim) => {
            let about = claim.about();
            let key = (about.member_id, about.reward_id);
            if let Some(terms) = claim.coupon() {
                let about = CouponSubject {
                    member_id: about.member_id,
                    reward_id: about.reward_id,
                    campaign_id: about.campaign_id,
                };
                let granted = GrantedCoupon { about, terms: terms.clone(), is_reversed: false };
                coupons.insert(key, (granted, Coupon::default()));
            } else if claim.event_type() == ClaimEventType::Reversed
                && let Some((granted, _)) = coupons.get_mut(&key)
            {
                granted.is_reversed = true;
            }
        }
        Event::Value(ValueEvent::Coupon(event)) => {
            let about = event.about();
            coupons.get_mut(&(about.member_id, about.reward_id)).unwrap().1.evolve(event);
        }
        _ => {}
    }
}
