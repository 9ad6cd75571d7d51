//! The guard rows in memory, and who is refused: pure, decided one command after the other.

use std::collections::HashMap;
use std::sync::Arc;

use domain::budget::BudgetShortfall;
use domain::codes::is_low;
use domain::id::{CampaignId, MemberId, RewardId};
use domain::identity::earlier_name_key;

use super::spent::{Caps, Spent};
use super::value::ValueChange;
use super::{GrantChange, GuardChange, GuardRefusal};

/// The guard rows that a batch of commands touches, as they stand while it is decided.
#[derive(Debug, Clone, Default)]
pub struct Guards {
    /// Stock by reward.
    pub rewards: HashMap<RewardId, Stock>,
    /// Budget by campaign.
    pub campaigns: HashMap<CampaignId, Budget>,
    /// Grants by member, campaign and reward.
    pub members: HashMap<(MemberId, CampaignId), HashMap<RewardId, i64>>,
    /// Owner by the key of a campaign's name.
    pub names: HashMap<String, CampaignId>,
    /// The most that one member has of a campaign, where a new limit is measured against it.
    pub most_of_a_member: HashMap<CampaignId, i64>,
    /// What is counted against budgets.
    pub spent: Spent,
}

/// A row of `reward_stock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// Of which campaign.
    pub campaign_id: CampaignId,
    /// How many grants there are; `None` is without limit.
    pub quantity: Option<i64>,
    /// Promised.
    pub held: i64,
    /// Given.
    pub granted: i64,
    /// The most grants to one member.
    pub per_member_limit: Option<i64>,
}

/// A row of `campaign_budget`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The most grants over all rewards.
    pub max_reward_count: Option<i64>,
    /// The most grants to one member.
    pub per_member_limit: Option<i64>,
    /// Promised or given.
    pub committed: i64,
    /// Whether anybody ever claimed, granted or not.
    pub claimed: bool,
}

impl Stock {
    /// How many grants are left; `None` is without limit.
    #[must_use]
    pub fn remaining(&self) -> Option<i64> {
        self.quantity.map(|quantity| quantity - self.held - self.granted)
    }
}

impl Guards {
    /// Applies all changes of one command, or none of them when one is refused.
    ///
    /// # Errors
    /// The first limit that leaves no room, in the order member limit, grants of the campaign, budgets, stock.
    pub fn apply(&mut self, changes: &[GuardChange], caps: &[Arc<Caps>]) -> Result<(), GuardRefusal> {
        for (index, change) in changes.iter().enumerate() {
            if let Err(refusal) = self.apply_one(change, caps) {
                for done in changes[..index].iter().rev() {
                    self.take_back(done);
                }
                return Err(refusal);
            }
        }
        for campaign in changes.iter().filter_map(GuardChange::claimed_in) {
            if let Some(budget) = self.campaigns.get_mut(&campaign) {
                budget.claimed = true;
            }
        }
        Ok(())
    }

    fn apply_one(&mut self, change: &GuardChange, caps: &[Arc<Caps>]) -> Result<(), GuardRefusal> {
        match change {
            GuardChange::Campaign { campaign_id, max_reward_count, per_member_limit, name_key, other_periods } => {
                let is_taken = self.names.get(name_key).is_some_and(|owner| owner != campaign_id);
                // it had the name before names were compared like this
                let has_it_besides = || self.names.contains_key(&earlier_name_key(name_key, campaign_id));
                if is_taken && !has_it_besides() {
                    return Err(GuardRefusal::NameTaken);
                }
                let known = self.campaigns.get(campaign_id);
                let (committed, claimed) = known.map_or((0, false), |budget| (budget.committed, budget.claimed));
                if *other_periods && claimed {
                    return Err(GuardRefusal::PeriodsInUse);
                }
                let most = self.most_of_a_member.get(campaign_id).copied().unwrap_or(0);
                for (limit, committed) in [(max_reward_count, committed), (per_member_limit, most)] {
                    if limit.is_some_and(|limit| committed > limit) {
                        return Err(GuardRefusal::BelowCommitted { committed });
                    }
                }
                if !is_taken {
                    self.names.insert(name_key.clone(), *campaign_id);
                }
                let (max_reward_count, per_member_limit) = (*max_reward_count, *per_member_limit);
                let budget = Budget { max_reward_count, per_member_limit, committed, claimed };
                self.campaigns.insert(*campaign_id, budget);
            }
            GuardChange::Reward { reward_id, campaign_id, quantity, per_member_limit } => {
                let stock = Stock {
                    campaign_id: *campaign_id,
                    quantity: *quantity,
                    held: 0,
                    granted: 0,
                    per_member_limit: *per_member_limit,
                };
                self.rewards.insert(*reward_id, stock);
            }
            GuardChange::Quantity { reward_id, quantity } => {
                if let Some(stock) = self.rewards.get_mut(reward_id) {
                    let committed = stock.held + stock.granted;
                    if committed > *quantity {
                        return Err(GuardRefusal::BelowCommitted { committed });
                    }
                    stock.quantity = Some(*quantity);
                }
            }
            GuardChange::Grants(change) => {
                if change.committed() > 0 {
                    self.room_for(change, caps)?;
                }
                self.count(change, 1);
            }
            GuardChange::Claimed { .. } => {}
        }
        Ok(())
    }

    fn room_for(&self, change: &GrantChange, caps: &[Arc<Caps>]) -> Result<(), GuardRefusal> {
        if self.is_beyond_limit(change) {
            return Err(GuardRefusal::LimitReached);
        }
        let full = |limit: Option<i64>, taken: i64| limit.is_some_and(|limit| taken + change.committed() > limit);
        let stock = self.rewards.get(&change.reward_id);
        let budget = self.campaigns.get(&change.campaign_id);
        if let Some((most, committed)) = budget.and_then(|budget| Some((budget.max_reward_count?, budget.committed)))
            && full(Some(most), committed)
        {
            let budget = Some(Box::new(BudgetShortfall::of_grants(most, committed)));
            return Err(GuardRefusal::BudgetExhausted { budget });
        }
        if let Some(counted) = &change.counted {
            for caps in caps.iter().filter(|caps| caps.campaign_id == change.campaign_id) {
                let short = |budget| GuardRefusal::BudgetExhausted { budget: Some(Box::new(budget)) };
                self.spent.room_for(counted, caps).map_err(short)?;
            }
        }
        if stock.is_some_and(|stock| full(stock.quantity, stock.held + stock.granted)) {
            return Err(GuardRefusal::OutOfStock);
        }
        Ok(())
    }

    /// The numbers of the coupons that a command has just handed out, in order: the n-th grant of a reward has the n-th
    /// code. What was granted is never taken back from the stock of codes, so that the last grant is the latest.
    pub(crate) fn coupon_numbers(&self, changes: &[ValueChange]) -> Vec<i64> {
        let mut behind: HashMap<RewardId, i64> = HashMap::new();
        let mut numbers = vec![];
        for reward in changes.iter().rev().filter_map(handed_out_by) {
            let granted = self.rewards.get(&reward).map_or(0, |stock| stock.granted);
            let behind = behind.entry(reward).or_default();
            numbers.push(granted - *behind);
            *behind += 1;
        }
        numbers.reverse();
        numbers
    }

    /// The rewards of which a command has just handed out coupons and few codes are left.
    pub(crate) fn low_on_codes(&self, changes: &[ValueChange]) -> impl Iterator<Item = RewardId> {
        let has_few = |reward: &RewardId| {
            let stock = self.rewards.get(reward);
            stock.is_some_and(|stock| is_low(stock.quantity.unwrap_or_default(), stock.held + stock.granted))
        };
        changes.iter().filter_map(handed_out_by).filter(has_few)
    }

    /// Whether one more grant is more than one member may have of the reward, or of its campaign.
    pub(crate) fn limit_reached(&self, member_id: MemberId, campaign_id: CampaignId, reward_id: RewardId) -> bool {
        let (keeps_stock, counted) = (false, None);
        let change = GrantChange { member_id, campaign_id, reward_id, held: 0, granted: 1, keeps_stock, counted };
        self.is_beyond_limit(&change)
    }

    fn is_beyond_limit(&self, change: &GrantChange) -> bool {
        let by_reward = self.members.get(&(change.member_id, change.campaign_id));
        let of_reward = by_reward.and_then(|rewards| rewards.get(&change.reward_id)).copied().unwrap_or(0);
        let of_campaign = by_reward.map_or(0, |rewards| rewards.values().sum::<i64>());
        let full = |limit: Option<i64>, taken: i64| limit.is_some_and(|limit| taken + change.committed() > limit);
        let stock = self.rewards.get(&change.reward_id);
        let budget = self.campaigns.get(&change.campaign_id);
        full(stock.and_then(|stock| stock.per_member_limit), of_reward)
            || full(budget.and_then(|budget| budget.per_member_limit), of_campaign)
    }

    /// Counts a change, or undoes it with `sign` -1.
    fn count(&mut self, change: &GrantChange, sign: i64) {
        let committed = sign * change.committed();
        if let Some(stock) = self.rewards.get_mut(&change.reward_id) {
            let (held, granted) = change.stock();
            stock.held += sign * held;
            stock.granted += sign * granted;
        }
        if let Some(budget) = self.campaigns.get_mut(&change.campaign_id) {
            budget.committed += committed;
        }
        let by_reward = self.members.entry((change.member_id, change.campaign_id)).or_default();
        *by_reward.entry(change.reward_id).or_default() += committed;
        if let Some(counted) = &change.counted {
            self.spent.count(counted, change.campaign_id, committed);
        }
    }

    /// Undoes a change of a command that was refused later on. Only grants come several to a command.
    fn take_back(&mut self, change: &GuardChange) {
        match change {
            GuardChange::Grants(change) => self.count(change, -1),
            GuardChange::Campaign { campaign_id, name_key, .. } => {
                self.names.remove(name_key);
                self.campaigns.remove(campaign_id);
            }
            GuardChange::Reward { reward_id, .. } | GuardChange::Quantity { reward_id, .. } => {
                self.rewards.remove(reward_id);
            }
            GuardChange::Claimed { .. } => {}
        }
    }
}

/// The reward of which a change hands a coupon out.
fn handed_out_by(change: &ValueChange) -> Option<RewardId> {
    match change {
        ValueChange::CouponGranted { reward_id, .. } => Some(*reward_id),
        ValueChange::LotGiven { .. }
        | ValueChange::LotMoved { .. }
        | ValueChange::HoldBegun { .. }
        | ValueChange::HoldEnded { .. }
        | ValueChange::Owed { .. }
        | ValueChange::Acted(_)
        | ValueChange::Counted { .. }
        | ValueChange::CouponUsed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const REWARD: RewardId = RewardId(Uuid::from_u128(1));
    const CAMPAIGN: CampaignId = CampaignId(Uuid::from_u128(2));

    fn rows(quantity: i64, budget: i64, limit: i64) -> Guards {
        let (quantity, per_member_limit) = (Some(quantity), None);
        let stock = Stock { campaign_id: CAMPAIGN, quantity, held: 0, granted: 0, per_member_limit };
        let budget =
            Budget { max_reward_count: Some(budget), per_member_limit: Some(limit), committed: 0, claimed: false };
        Guards {
            rewards: HashMap::from([(REWARD, stock)]),
            campaigns: HashMap::from([(CAMPAIGN, budget)]),
            ..Guards::default()
        }
    }

    fn change(member: u128, held: i64, granted: i64) -> GuardChange {
        let member_id = MemberId(Uuid::from_u128(member));
        let (keeps_stock, counted) = (false, None);
        GuardChange::Grants(GrantChange {
            member_id,
            campaign_id: CAMPAIGN,
            reward_id: REWARD,
            held,
            granted,
            keeps_stock,
            counted,
        })
    }

    #[test]
    fn the_first_limit_without_room_refuses() {
        for (quantity, budget, limit, refusal) in [
            (0, 0, 0, GuardRefusal::LimitReached),
            (0, 0, 1, GuardRefusal::BudgetExhausted { budget: Some(Box::new(BudgetShortfall::of_grants(0, 0))) }),
            (0, 1, 1, GuardRefusal::OutOfStock),
        ] {
            assert_eq!(rows(quantity, budget, limit).apply(&[change(1, 0, 1)], &[]), Err(refusal));
        }
        assert_eq!(rows(1, 1, 1).apply(&[change(1, 0, 1)], &[]), Ok(()));
    }

    #[test]
    fn a_held_grant_takes_room_until_it_is_given_back() {
        let mut rows = rows(1, 9, 9);
        assert_eq!(rows.apply(&[change(1, 1, 0)], &[]), Ok(()));
        assert_eq!(rows.apply(&[change(2, 1, 0)], &[]), Err(GuardRefusal::OutOfStock));
        assert_eq!(rows.apply(&[change(1, -1, 1)], &[]), Ok(()), "a decided claim needs no more room");
        assert_eq!(rows.apply(&[change(1, 0, -1)], &[]), Ok(()));
        assert_eq!(rows.apply(&[change(2, 1, 0)], &[]), Ok(()));
    }

    #[test]
    fn a_coupon_that_is_taken_back_leaves_the_limits_and_stays_out_of_stock() {
        let mut rows = rows(1, 1, 9);
        assert_eq!(rows.apply(&[change(1, 0, 1)], &[]), Ok(()));
        let GuardChange::Grants(taken) = change(1, 0, -1) else { panic!() };
        assert_eq!(rows.apply(&[GuardChange::Grants(GrantChange { keeps_stock: true, ..taken })], &[]), Ok(()));
        assert_eq!(rows.rewards[&REWARD].remaining(), Some(0));
        assert_eq!(rows.campaigns[&CAMPAIGN].committed, 0);
        assert_eq!(rows.apply(&[change(2, 0, 1)], &[]), Err(GuardRefusal::OutOfStock));
    }

    #[test]
    fn a_command_that_is_refused_takes_nothing() {
        let mut rows = rows(3, 9, 9);
        let four: Vec<_> = (1..=4).map(|member| change(member, 0, 1)).collect();
        assert_eq!(rows.apply(&four, &[]), Err(GuardRefusal::OutOfStock));
        assert_eq!(rows.apply(&four[..3], &[]), Ok(()));
    }

    #[test]
    fn limits_never_fall_below_what_is_committed() {
        let mut rows = rows(5, 5, 5);
        rows.apply(&[change(1, 0, 1), change(2, 1, 0)], &[]).unwrap();
        let quantity = |quantity| [GuardChange::Quantity { reward_id: REWARD, quantity }];
        assert_eq!(rows.apply(&quantity(1), &[]), Err(GuardRefusal::BelowCommitted { committed: 2 }));
        assert_eq!(rows.apply(&quantity(2), &[]), Ok(()));
        assert_eq!(rows.apply(&[change(3, 0, 1)], &[]), Err(GuardRefusal::OutOfStock));
    }

    fn revised(max_reward_count: i64, per_member_limit: i64, other_periods: bool) -> [GuardChange; 1] {
        [GuardChange::Campaign {
            campaign_id: CAMPAIGN,
            max_reward_count: Some(max_reward_count),
            per_member_limit: Some(per_member_limit),
            name_key: "autumn".to_owned(),
            other_periods,
        }]
    }

    #[test]
    fn a_budget_and_a_member_limit_never_fall_below_what_is_committed() {
        let mut rows = rows(9, 9, 9);
        rows.apply(&[change(1, 0, 1), change(1, 1, 0), change(2, 0, 1)], &[]).unwrap();
        rows.most_of_a_member.insert(CAMPAIGN, 2);
        assert_eq!(rows.apply(&revised(2, 9, false), &[]), Err(GuardRefusal::BelowCommitted { committed: 3 }));
        assert_eq!(rows.apply(&revised(3, 1, false), &[]), Err(GuardRefusal::BelowCommitted { committed: 2 }));
        assert_eq!(rows.apply(&revised(3, 2, false), &[]), Ok(()));
    }

    #[test]
    fn periods_change_until_somebody_claims_and_a_refused_claim_is_none() {
        let mut rows = rows(0, 9, 9);
        assert_eq!(rows.apply(&[change(1, 0, 1)], &[]), Err(GuardRefusal::OutOfStock));
        assert_eq!(rows.apply(&revised(9, 9, true), &[]), Ok(()));
        assert_eq!(rows.apply(&[GuardChange::Claimed { campaign_id: CAMPAIGN }], &[]), Ok(()), "a denied one counts");
        assert_eq!(rows.apply(&revised(9, 9, true), &[]), Err(GuardRefusal::PeriodsInUse));
        assert_eq!(rows.apply(&revised(9, 9, false), &[]), Ok(()));
    }
}
