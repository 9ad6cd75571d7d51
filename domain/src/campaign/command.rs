//! What can be asked of a campaign.

use super::{CampaignTerms, RewardTerms};
use crate::condition::Condition;
use crate::id::RewardId;
use crate::moment::Moment;

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
    /// Say something else about a reward.
    ReviseReward {
        /// Which.
        reward_id: RewardId,
        /// What members call it from now on.
        name: String,
        /// What members read about it from now on.
        description: Option<String>,
    },
    /// Put grants into stock or take them out.
    ChangeStock {
        /// Which reward.
        reward_id: RewardId,
        /// How many grants more (or fewer).
        delta: i64,
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

/// How a campaign shall be from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// All terms, changed or not.
    pub terms: CampaignTerms,
    /// Another condition, if there is to be one.
    pub condition: Option<Condition>,
}

/// A reward that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReward {
    /// Its id.
    pub reward_id: RewardId,
    /// What it hands out.
    pub terms: RewardTerms,
}
