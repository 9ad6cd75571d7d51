//! The limits that hold across aggregates: what each event changes about them, and who is refused.
//! Everything here is pure, so that the guard tables can be derived from the log by the same words;
//! how they are stored is in `guards/tables`, how they are checked in `guards/compare`.

pub mod compare;
pub(crate) mod tables;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use domain::Event;
use domain::campaign::{CampaignEvent, CampaignTerms};
use domain::claim::{ClaimEvent, Subject};
use domain::id::{CampaignId, MemberId, RewardId};

use crate::append::GuardRefusal;

/// One change that an event makes to the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardChange {
    /// A campaign came into being, or its limits are these from now on.
    Campaign {
        /// Which.
        campaign_id: CampaignId,
        /// The most grants over all its rewards.
        max_reward_count: Option<i64>,
        /// The most grants to one member.
        per_member_limit: Option<i64>,
        /// The name that nobody else may have, folded.
        name_key: String,
    },
    /// A reward came into being.
    Reward {
        /// Which.
        reward_id: RewardId,
        /// Of which campaign.
        campaign_id: CampaignId,
        /// How many grants there are.
        quantity: Option<i64>,
        /// The most grants to one member.
        per_member_limit: Option<i64>,
    },
    /// A reward has so many grants from now on.
    Quantity {
        /// Which.
        reward_id: RewardId,
        /// How many, taken or not.
        quantity: i64,
    },
    /// A claim takes from the limits or gives back.
    Grants(GrantChange),
}

/// What a step of a claim takes from the limits; negative numbers give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantChange {
    /// Whose.
    pub member_id: MemberId,
    /// From which campaign.
    pub campaign_id: CampaignId,
    /// Of which reward.
    pub reward_id: RewardId,
    /// Promised, not decided.
    pub held: i64,
    /// Given.
    pub granted: i64,
}

impl GrantChange {
    fn committed(self) -> i64 {
        self.held + self.granted
    }
}

/// What an event of the stream `stream_id` changes about the limits.
#[must_use]
pub fn changes_of(event: &Event, stream_id: &str) -> Option<GuardChange> {
    match event {
        Event::Campaign(event) => {
            let campaign_id = CampaignId(stream_id.parse().ok()?);
            match event {
                CampaignEvent::Created(created) => Some(limits(campaign_id, &created.terms)),
                CampaignEvent::Revised(revised) => Some(limits(campaign_id, &revised.terms)),
                CampaignEvent::RewardAdded(added) => Some(GuardChange::Reward {
                    reward_id: added.reward_id,
                    campaign_id,
                    quantity: added.terms.quantity.map(Into::into),
                    per_member_limit: added.terms.per_member_limit.map(Into::into),
                }),
                CampaignEvent::StockChanged(change) => {
                    Some(GuardChange::Quantity { reward_id: change.reward_id, quantity: change.quantity.get() })
                }
                CampaignEvent::Paused(_)
                | CampaignEvent::Resumed(_)
                | CampaignEvent::Ended(_)
                | CampaignEvent::RewardRevised(_) => None,
            }
        }
        Event::Claim(event) => match event {
            ClaimEvent::Submitted(step) => Some(grants(&step.about, 1, 0)),
            ClaimEvent::Granted(step) => Some(grants(&step.about, 0, 1)),
            ClaimEvent::Approved(step) => Some(grants(&step.about, -1, 1)),
            ClaimEvent::Rejected(step) => Some(grants(&step.about, -1, 0)),
            ClaimEvent::Expired(step) => Some(grants(&step.about, -1, 0)),
            ClaimEvent::Reversed(step) => Some(grants(&step.about, 0, -1)),
            ClaimEvent::Denied(_) | ClaimEvent::Fulfilled(_) | ClaimEvent::FulfilmentFailed(_) => None,
        },
        Event::Member(_) | Event::Activity(_) | Event::Referral(_) => None,
    }
}

fn limits(campaign_id: CampaignId, terms: &CampaignTerms) -> GuardChange {
    GuardChange::Campaign {
        campaign_id,
        max_reward_count: terms.max_reward_count.map(Into::into),
        per_member_limit: terms.per_member_limit.map(Into::into),
        name_key: terms.name.to_lowercase(),
    }
}

fn grants(about: &Subject, held: i64, granted: i64) -> GuardChange {
    GuardChange::Grants(GrantChange {
        member_id: about.member_id,
        campaign_id: about.campaign_id,
        reward_id: about.reward_id,
        held,
        granted,
    })
}

/// The guard rows that a batch of commands touches, as they stand while it is decided.
#[derive(Debug, Clone, Default)]
pub struct Guards {
    /// Stock by reward.
    pub rewards: HashMap<RewardId, Stock>,
    /// Budget by campaign.
    pub campaigns: HashMap<CampaignId, Budget>,
    /// Grants by member, campaign and reward.
    pub members: HashMap<(MemberId, CampaignId), HashMap<RewardId, i64>>,
    /// Owner by folded name of a campaign.
    pub names: HashMap<String, CampaignId>,
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
}

impl Guards {
    /// Applies all changes of one command, or none of them when one is refused.
    ///
    /// # Errors
    /// The first limit that leaves no room, in the order member limit, budget, stock.
    pub fn apply(&mut self, changes: &[GuardChange]) -> Result<(), GuardRefusal> {
        for (index, change) in changes.iter().enumerate() {
            if let Err(refusal) = self.apply_one(change) {
                for done in changes[..index].iter().rev() {
                    self.take_back(done);
                }
                return Err(refusal);
            }
        }
        Ok(())
    }

    fn apply_one(&mut self, change: &GuardChange) -> Result<(), GuardRefusal> {
        match change {
            GuardChange::Campaign { campaign_id, max_reward_count, per_member_limit, name_key } => {
                if self.names.get(name_key).is_some_and(|owner| owner != campaign_id) {
                    return Err(GuardRefusal::NameTaken);
                }
                let committed = self.campaigns.get(campaign_id).map_or(0, |budget| budget.committed);
                if max_reward_count.is_some_and(|max| committed > max) {
                    return Err(GuardRefusal::BelowCommitted);
                }
                self.names.insert(name_key.clone(), *campaign_id);
                let budget =
                    Budget { max_reward_count: *max_reward_count, per_member_limit: *per_member_limit, committed };
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
                    if stock.held + stock.granted > *quantity {
                        return Err(GuardRefusal::BelowCommitted);
                    }
                    stock.quantity = Some(*quantity);
                }
            }
            GuardChange::Grants(change) => {
                if change.committed() > 0 {
                    self.room_for(change)?;
                }
                self.count(change);
            }
        }
        Ok(())
    }

    fn room_for(&self, change: &GrantChange) -> Result<(), GuardRefusal> {
        let by_reward = self.members.get(&(change.member_id, change.campaign_id));
        let of_reward = by_reward.and_then(|rewards| rewards.get(&change.reward_id)).copied().unwrap_or(0);
        let of_campaign = by_reward.map_or(0, |rewards| rewards.values().sum::<i64>());
        let full = |limit: Option<i64>, taken: i64| limit.is_some_and(|limit| taken + change.committed() > limit);
        let stock = self.rewards.get(&change.reward_id);
        let budget = self.campaigns.get(&change.campaign_id);
        if full(stock.and_then(|stock| stock.per_member_limit), of_reward)
            || full(budget.and_then(|budget| budget.per_member_limit), of_campaign)
        {
            return Err(GuardRefusal::LimitReached);
        }
        if budget.is_some_and(|budget| full(budget.max_reward_count, budget.committed)) {
            return Err(GuardRefusal::BudgetExhausted);
        }
        if stock.is_some_and(|stock| full(stock.quantity, stock.held + stock.granted)) {
            return Err(GuardRefusal::OutOfStock);
        }
        Ok(())
    }

    fn count(&mut self, change: &GrantChange) {
        if let Some(stock) = self.rewards.get_mut(&change.reward_id) {
            stock.held += change.held;
            stock.granted += change.granted;
        }
        if let Some(budget) = self.campaigns.get_mut(&change.campaign_id) {
            budget.committed += change.committed();
        }
        let by_reward = self.members.entry((change.member_id, change.campaign_id)).or_default();
        *by_reward.entry(change.reward_id).or_default() += change.committed();
    }

    /// Undoes a change of a command that was refused later on. Only grants come several to a command.
    fn take_back(&mut self, change: &GuardChange) {
        match change {
            GuardChange::Grants(change) => {
                self.count(&GrantChange { held: -change.held, granted: -change.granted, ..*change });
            }
            GuardChange::Campaign { campaign_id, name_key, .. } => {
                self.names.remove(name_key);
                self.campaigns.remove(campaign_id);
            }
            GuardChange::Reward { reward_id, .. } | GuardChange::Quantity { reward_id, .. } => {
                self.rewards.remove(reward_id);
            }
        }
    }
}
