//! What can have happened to the codes of a reward. No code is in an event, nor anything from which one can be guessed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::id::{CampaignId, RewardId};
use crate::quantity::{Amount, StockUnits};

events! {
    /// A step in the life of the codes of one reward.
    CodesEvent as CodesEventType {
        /// Codes were put behind the others.
        Added(Added) = "codes.added",
        /// The last ones were taken out again.
        Withdrawn(Withdrawn) = "codes.withdrawn",
        /// Few are left.
        RunningLow(RunningLow) = "codes.running_low",
    }
}

/// Whose codes they are; the same in every event of one reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodesSubject {
    /// Which reward …
    pub reward_id: RewardId,
    /// … of which campaign.
    #[serde(rename = "eventId")]
    pub campaign_id: CampaignId,
}

/// Codes were put behind the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// Of which reward.
    pub about: CodesSubject,
    /// What the batch is called.
    pub batch_id: uuid::Uuid,
    /// The number of the first of them …
    pub from: i64,
    /// … and how many they are.
    pub count: Amount,
    /// The tree head of RFC 6962 over their keyed digests, in order, in lower-case hex.
    pub root: String,
    /// How many codes there are from now on, given or not.
    pub total: StockUnits,
}

/// The last ones were taken out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawn {
    /// Of which reward.
    pub about: CodesSubject,
    /// How many.
    pub count: Amount,
    /// How many codes there are from now on, given or not.
    pub total: StockUnits,
}

/// Few are left: told once until codes are added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunningLow {
    /// Of which reward.
    pub about: CodesSubject,
    /// How many are left …
    pub remaining: i64,
    /// … of how many.
    pub total: i64,
}

impl CodesEvent {
    /// How many codes there are from now on, given or not; `None`: as many as before.
    #[must_use]
    pub fn total(&self) -> Option<i64> {
        match self {
            Self::Added(event) => Some(event.total.get()),
            Self::Withdrawn(event) => Some(event.total.get()),
            Self::RunningLow(_) => None,
        }
    }

    /// Whose codes they are.
    #[must_use]
    pub fn about(&self) -> CodesSubject {
        match self {
            Self::Added(event) => event.about,
            Self::Withdrawn(event) => event.about,
            Self::RunningLow(event) => event.about,
        }
    }
}
