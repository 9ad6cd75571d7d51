//! What can have happened to a campaign.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CampaignTerms, RewardTerms};
use crate::condition::Condition;
use crate::event::events;
use crate::id::RewardId;
use crate::moment::Moment;
use crate::quantity::StockUnits;
use crate::upcast::Upcaster::Unchanged;

events! {
    /// A step in the life of a campaign or of its rewards.
    CampaignEvent as CampaignEventType in Campaign {
        /// It came into being.
        Created(Created) = "campaign.created" upcast [Unchanged] when Created::has_value,
        /// Its terms or its condition changed.
        Revised(Revised) = "campaign.revised" upcast [Unchanged] when Revised::has_value,
        /// An operator stopped it for a while.
        Paused(Paused) = "campaign.paused",
        /// It goes on.
        Resumed(Resumed) = "campaign.resumed",
        /// An operator ended it.
        Ended(Ended) = "campaign.ended",
        /// It hands out one more kind of reward.
        RewardAdded(RewardAdded) = "campaign.reward_added" upcast [Unchanged] when RewardAdded::has_value,
        /// A reward is called or described otherwise.
        RewardRevised(RewardRevised) = "campaign.reward_revised",
        /// Grants were put into stock or taken out.
        StockChanged(StockChanged) = "campaign.stock_changed",
        /// Its window has opened, by the clock.
        Opened(Opened) = "campaign.opened",
        /// Its window has closed, by the clock.
        Closed(Closed) = "campaign.closed",
    }
}

/// It came into being, with version 1 of its condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// What the operator fixed.
    pub terms: CampaignTerms,
    /// Version 1 of the condition.
    pub condition: Condition,
}

/// Its terms or its condition changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revised {
    /// All terms from now on.
    pub terms: CampaignTerms,
    /// The new condition, where it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// The version of the condition in force from now on.
    pub condition_version: u32,
    /// Claims are counted by other periods from now on, which only a campaign without claims may do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_periods: bool,
}

/// An operator stopped it for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Paused {}

/// It goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {}

/// An operator ended it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {}

/// It hands out one more kind of reward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewardAdded {
    /// Its id.
    pub reward_id: RewardId,
    /// What it hands out.
    pub terms: RewardTerms,
}

/// A reward is called or described otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewardRevised {
    /// Which.
    pub reward_id: RewardId,
    /// What members call it from now on.
    pub name: String,
    /// What members read about it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Grants were put into stock or taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StockChanged {
    /// Which reward.
    pub reward_id: RewardId,
    /// How many grants more (or fewer).
    pub delta: i64,
    /// How many grants there are now, taken or not.
    pub quantity: StockUnits,
}

/// Its window has opened, by the clock: whether members can claim is the operator's affair as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Opened {
    /// The start of the window; the event may have been noted later.
    pub starts_at: Moment,
}

/// Its window has closed, by the clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Closed {
    /// The end of the window; the event may have been noted later.
    pub ends_at: Moment,
}

impl Created {
    /// Whether its terms say anything about value, which no program before version 2 of it could read.
    fn has_value(&self) -> bool {
        self.terms.has_value()
    }
}

impl Revised {
    /// As [`Created::has_value`].
    fn has_value(&self) -> bool {
        self.terms.has_value()
    }
}

impl RewardAdded {
    /// As [`Created::has_value`].
    fn has_value(&self) -> bool {
        self.terms.value.is_some()
    }
}
