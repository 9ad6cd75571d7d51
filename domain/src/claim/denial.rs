//! A refused attempt, and the reasons for one in the order in which they are looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::PriceShortfall;
use super::{Decision, Subject};
use crate::budget::BudgetShortfall;

/// Why an attempt was refused, in the order in which the reasons are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DenialReason {
    /// The member's claims are refused.
    MemberBlocked,
    /// The campaign is not active.
    #[serde(rename = "event_not_active")]
    CampaignNotActive,
    /// The condition is not met.
    ConditionUnmet,
    /// The member has all grants that one member may have.
    LimitReached,
    /// The campaign has given all grants that it may give.
    BudgetExhausted,
    /// The reward has no grant left.
    OutOfStock,
    /// The member has less than the price.
    InsufficientPoints,
}

impl DenialReason {
    /// All of them, in the order in which they are looked at.
    pub const ALL: [Self; 7] = [
        Self::MemberBlocked,
        Self::CampaignNotActive,
        Self::ConditionUnmet,
        Self::LimitReached,
        Self::BudgetExhausted,
        Self::OutOfStock,
        Self::InsufficientPoints,
    ];

    /// The code in the API and in the read tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MemberBlocked => "member_blocked",
            Self::CampaignNotActive => "event_not_active",
            Self::ConditionUnmet => "condition_unmet",
            Self::LimitReached => "limit_reached",
            Self::BudgetExhausted => "budget_exhausted",
            Self::OutOfStock => "out_of_stock",
            Self::InsufficientPoints => "insufficient_points",
        }
    }
}

/// An attempt was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Denied {
    /// What was claimed.
    pub about: Subject,
    /// How the condition was judged.
    pub decision: Decision,
    /// Why.
    pub reason: DenialReason,
    /// The budget that left no room, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetShortfall>,
    /// What the member lacked of the price, where that was the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceShortfall>,
}

impl Denied {
    /// Whether a price or a budget of units was the reason, which no program before version 2 of it could say.
    pub(super) fn names_value(&self) -> bool {
        self.reason == DenialReason::InsufficientPoints || self.budget.is_some() || self.price.is_some()
    }

    /// One that lacks nothing which can be named.
    #[must_use]
    pub fn of(about: Subject, decision: Decision, reason: DenialReason) -> Self {
        Self { about, decision, reason, budget: None, price: None }
    }
}
