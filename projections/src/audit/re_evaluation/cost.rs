//! The cost of changed decisions: the difference in grants and amount for each reward. A claim counts once, by whether
//! it ever held a grant, approved or pending; what happened to the grant later does not matter. A claim that was denied
//! for another reason than the condition stays denied, and no claim is denied because others would have been granted.

use std::collections::{BTreeMap, HashMap};

use domain::campaign::RewardType;
use domain::claim::{ClaimEvent, DenialReason, Subject};
use domain::condition::Seen;
use domain::id::{ClaimId, RewardId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The difference that the changes make: positive when they would have cost more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cost {
    /// The difference in grants, each of which takes one from the stock.
    pub stock: i64,
    /// The difference in amount over all types of reward.
    pub amount: Seen,
    /// The rewards with a difference.
    pub rewards: Vec<RewardCost>,
}

/// The difference for one reward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewardCost {
    /// The reward.
    pub reward_id: RewardId,
    /// Of what.
    #[serde(rename = "type")]
    pub reward_type: RewardType,
    /// Grants.
    pub stock: i64,
    /// Their amounts.
    pub amount: Seen,
}

impl Default for Cost {
    fn default() -> Self {
        Self { stock: 0, amount: Seen::Number(0), rewards: vec![] }
    }
}

/// The claims so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Costs {
    /// Only claims that differ, and those that may be requested again after a grant.
    claims: HashMap<ClaimId, Held>,
    rewards: BTreeMap<RewardId, Sum>,
}

/// Whether a claim ever held a grant, and whether it would have after re-evaluation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    decided: bool,
    again: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    reward_type: RewardType,
    stock: i64,
    amount: Seen,
}

/// The difference in grants of one decision whose condition is `met` on re-evaluation.
pub(super) fn of_decision(event: &ClaimEvent, met: bool) -> i64 {
    Held::by(event, met).difference()
}

impl Held {
    fn by(event: &ClaimEvent, met: bool) -> Self {
        match event {
            ClaimEvent::Granted(_) | ClaimEvent::Submitted(_) => Self { decided: true, again: met },
            ClaimEvent::Denied(denied) => {
                Self { decided: false, again: met && denied.reason == DenialReason::ConditionUnmet }
            }
            ClaimEvent::Approved(_)
            | ClaimEvent::Rejected(_)
            | ClaimEvent::Expired(_)
            | ClaimEvent::Withdrawn(_)
            | ClaimEvent::Fulfilled(_)
            | ClaimEvent::FulfilmentFailed(_)
            | ClaimEvent::Reversed(_)
            | ClaimEvent::Credited(_) => Self::default(),
        }
    }

    fn difference(self) -> i64 {
        i64::from(self.again) - i64::from(self.decided)
    }
}

impl Costs {
    /// Adds an attempt whose condition is `met` on re-evaluation.
    pub(super) fn decision(&mut self, claim: ClaimId, event: &ClaimEvent, met: bool) {
        let Held { decided, again } = Held::by(event, met);
        let known = self.claims.get(&claim).copied();
        let before = known.unwrap_or_default();
        let now = Held { decided: before.decided || decided, again: before.again || again };
        if known.is_some() || now.decided != now.again {
            self.claims.insert(claim, now);
            self.add(event.about(), now.difference() - before.difference());
        }
    }

    /// Adds an event that rests on no evaluation. An expired claim counts the same on both sides, unless it is known to
    /// differ, and may be requested again.
    pub(super) fn step(&mut self, claim: ClaimId, event: &ClaimEvent) {
        if matches!(event, ClaimEvent::Expired(_)) {
            self.claims.entry(claim).or_insert(Held { decided: true, again: true });
        }
    }

    fn add(&mut self, about: &Subject, grants: i64) {
        if grants == 0 {
            return;
        }
        let new = || Sum { reward_type: about.reward_type, stock: 0, amount: Seen::Number(0) };
        let sum = self.rewards.entry(about.reward_id).or_insert_with(new);
        sum.stock += grants;
        sum.amount = plus(sum.amount, Seen::Number(i128::from(grants) * i128::from(about.amount.get())));
    }

    pub(super) fn sum(&self) -> Cost {
        let differing = self.rewards.iter().filter(|(_, sum)| sum.stock != 0);
        let rewards: Vec<_> = differing
            .map(|(reward_id, sum)| RewardCost {
                reward_id: *reward_id,
                reward_type: sum.reward_type,
                stock: sum.stock,
                amount: sum.amount,
            })
            .collect();
        Cost {
            stock: rewards.iter().map(|reward| reward.stock).sum(),
            amount: rewards.iter().fold(Seen::Number(0), |sum, reward| plus(sum, reward.amount)),
            rewards,
        }
    }
}

fn plus(one: Seen, other: Seen) -> Seen {
    match (one, other) {
        (Seen::Number(one), Seen::Number(other)) => Seen::Number(one + other),
        (number, Seen::Flag(_)) | (Seen::Flag(_), number) => number,
    }
}
