//! What can have happened to a budget in one of its periods.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BudgetUnit, Per};
use crate::event::events;
use crate::id::CampaignId;
use crate::quantity::{Amount, Percent};

events! {
    /// Something that is told once of a budget in one of its periods.
    BudgetEvent as BudgetEventType {
        /// A part of it is gone.
        ThresholdReached(ThresholdReached) = "budget.threshold_reached",
    }
}

/// A part of a budget is gone: told once a period, whatever is given back and taken again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThresholdReached {
    /// Whose budget it is; absent for the programme's.
    #[serde(rename = "eventId", default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    /// Of what.
    pub unit: BudgetUnit,
    /// In which kind of period …
    pub per: Per,
    /// … and in which of them.
    pub period: String,
    /// How much may be given.
    pub amount: Amount,
    /// How much is committed.
    pub committed: i64,
    /// Which part of it that is, in percent.
    pub threshold: Percent,
}

impl BudgetEvent {
    /// Whose budget it is; `None` is the programme's.
    #[must_use]
    pub fn campaign(&self) -> Option<CampaignId> {
        match self {
            Self::ThresholdReached(event) => event.campaign_id,
        }
    }
}
