//! What can be asked of a campaign.

use crate::zone::Tz;
use chrono::NaiveDate;

use super::{Approval, CampaignTerms, PendingExpiry, RewardTerms};
use crate::budget::Budget;
use crate::condition::Condition;
use crate::id::RewardId;
use crate::moment::Moment;
use crate::period::Frequency;
use crate::quantity::GrantLimit;
use crate::zone::first_moment;

/// A request to change a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CampaignCommand {
    /// Bring it into being.
    Create {
        /// How it shall be.
        draft: Box<Draft>,
        /// The moment of asking.
        at: Moment,
    },
    /// Change its terms or its condition.
    Revise {
        /// How it shall be.
        revision: Box<Revision>,
        /// The moment of asking.
        at: Moment,
    },
    /// Stop it for a while.
    Pause {
        /// The moment of asking.
        at: Moment,
    },
    /// Let it go on.
    Resume {
        /// The moment of asking.
        at: Moment,
    },
    /// End it for good.
    End {
        /// The moment of asking.
        at: Moment,
    },
    /// Hand out one more kind of reward.
    AddReward(Box<NewReward>),
    /// Say something else about a reward, put grants into its stock or take them out.
    ReviseReward {
        /// Which.
        reward_id: RewardId,
        /// What is to change.
        revision: Box<RewardRevision>,
    },
    /// Note what the clock has brought: the window has opened, or closed.
    KeepTime {
        /// The moment of looking.
        at: Moment,
    },
}

/// A campaign that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What the operator fixes.
    pub terms: CampaignTerms,
    /// Its first condition.
    pub condition: Condition,
}

/// What is to change about a campaign; what is `None` stays as it is, `Some(None)` takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revision {
    /// Another name.
    pub name: Option<String>,
    /// What members read about it.
    pub description: Option<Option<String>>,
    /// Another start.
    pub starts: Option<Boundary>,
    /// Another end.
    pub ends: Option<Boundary>,
    /// How often one member may claim one reward.
    pub frequency: Option<Frequency>,
    /// Where its days begin.
    pub time_zone: Option<Tz>,
    /// Who decides a claim whose condition is met.
    pub approval: Option<Approval>,
    /// The most grants of all its rewards together.
    pub max_reward_count: Option<Option<GrantLimit>>,
    /// The most grants to one member over all its rewards.
    pub per_member_limit: Option<Option<GrantLimit>>,
    /// How long a pending claim waits for a decision; for claims from now on.
    pub pending_expires_after: Option<PendingExpiry>,
    /// How much its rewards may give in a period.
    pub budgets: Option<Vec<Budget>>,
    /// Another condition.
    pub condition: Option<Condition>,
}

/// When a campaign starts or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// At a moment.
    At(Moment),
    /// With the first moment of a date in the campaign's zone.
    On(NaiveDate),
}

impl Boundary {
    /// The moment it stands for in a zone.
    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Moment {
        match self {
            Self::At(moment) => moment,
            Self::On(date) => first_moment(date, zone),
        }
    }
}

impl Revision {
    /// The terms with what is to change about them. Dates are taken in the zone that then holds; moments
    /// stay where they are when only the zone changes.
    pub(super) fn applied_to(&self, terms: &CampaignTerms) -> CampaignTerms {
        let time_zone = self.time_zone.unwrap_or(terms.time_zone);
        CampaignTerms {
            name: self.name.clone().unwrap_or_else(|| terms.name.clone()),
            description: self.description.clone().unwrap_or_else(|| terms.description.clone()),
            starts_at: self.starts.map_or(terms.starts_at, |starts| starts.in_zone(time_zone)),
            ends_at: self.ends.map_or(terms.ends_at, |ends| ends.in_zone(time_zone)),
            frequency: self.frequency.unwrap_or(terms.frequency),
            time_zone,
            approval: self.approval.unwrap_or(terms.approval),
            max_reward_count: self.max_reward_count.unwrap_or(terms.max_reward_count),
            per_member_limit: self.per_member_limit.unwrap_or(terms.per_member_limit),
            pending_expires_after: self.pending_expires_after.unwrap_or(terms.pending_expires_after),
            budgets: self.budgets.clone().unwrap_or_else(|| terms.budgets.clone()),
        }
    }
}

/// What is to change about a reward; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RewardRevision {
    /// What members call it from now on.
    pub name: Option<String>,
    /// What members read about it from now on.
    pub description: Option<Option<String>>,
    /// How many grants more (or fewer).
    pub quantity_delta: Option<i64>,
}

/// A reward that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReward {
    /// Its id.
    pub reward_id: RewardId,
    /// What it hands out.
    pub terms: RewardTerms,
}
