//! How a claim ends: without a grant, after it was handed out, or by a reversal. Ends give back what the claim had taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Subject;
use super::event::without_value;
use super::value::{GivenBack, Reversal};

/// An operator said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// What it is about.
    pub about: Subject,
    /// Why, in the words of who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<GivenBack>,
}

/// The grant was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reversed {
    /// What it is about.
    pub about: Subject,
    /// Why, in the words of who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it takes and gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversal: Option<Reversal>,
}

macro_rules! noted_steps {
    ($( $(#[$doc:meta])* $name:ident )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            /// What it is about.
            pub about: Subject,
            /// Why, in the words of who did it.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub note: Option<String>,
        }
    )+ };
}

noted_steps! {
    /// The reward was handed out.
    Fulfilled
    /// Handing it out failed.
    FulfilmentFailed
}

/// Nobody decided in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Expired {
    /// What it is about.
    pub about: Subject,
    /// What it gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<GivenBack>,
}

/// A pending claim is over without a decision; what it held is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawn {
    /// What it is about.
    pub about: Subject,
    /// Why.
    pub reason: WithdrawalReason,
    /// What it gives back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<GivenBack>,
}

/// Why a pending claim is over without a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalReason {
    /// The claimant's account was erased.
    MemberErased,
}

impl WithdrawalReason {
    /// The name in the API and in the read tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MemberErased => "member_erased",
        }
    }
}

without_value! {
    Rejected { about: Subject, note: Option<String> } without { given_back }
    Expired { about: Subject } without { given_back }
    Withdrawn { about: Subject, reason: WithdrawalReason } without { given_back }
    Reversed { about: Subject, note: Option<String> } without { reversal }
}
