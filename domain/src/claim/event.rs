//! What can have happened to a claim.

use crate::zone::Tz;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::campaign::RewardType;
use crate::condition::LeafEvidence;
use crate::event::events;
use crate::id::{CampaignId, MemberId, RewardId};
use crate::moment::Moment;
use crate::quantity::Amount;

events! {
    /// A step in the life of one claim.
    ClaimEvent as ClaimEventType in Claim {
        /// An attempt was refused.
        Denied(Denied) = "claim.denied",
        /// The condition is met; an operator decides.
        Submitted(Submitted) = "claim.submitted",
        /// The condition is met and the reward is the member's.
        Granted(Granted) = "claim.granted",
        /// An operator said yes: the reward is the member's.
        Approved(Approved) = "claim.approved",
        /// An operator said no.
        Rejected(Rejected) = "claim.rejected",
        /// Nobody decided in time.
        Expired(Expired) = "claim.expired",
        /// It was pending when it came to have nobody whose it is.
        Withdrawn(Withdrawn) = "claim.withdrawn",
        /// The reward was handed out.
        Fulfilled(Fulfilled) = "claim.fulfilled",
        /// Handing it out failed.
        FulfilmentFailed(FulfilmentFailed) = "claim.fulfilment_failed",
        /// The grant was taken back.
        Reversed(Reversed) = "claim.reversed",
    }
}

/// What is claimed, by whom and for which period; the same in every event of one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Who claims.
    pub member_id: MemberId,
    /// What.
    pub reward_id: RewardId,
    /// From which campaign.
    #[serde(rename = "eventId")]
    pub campaign_id: CampaignId,
    /// The id under which the claimant was here first, where it is another: their limits are counted under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_id: Option<MemberId>,
    /// For which period: `once`, `2026-11-21`, `2026-W47`, `2026-11`.
    pub period: String,
    /// How much one grant hands out …
    pub amount: Amount,
    /// … of what.
    pub reward_type: RewardType,
}

impl Subject {
    /// Under whom limits of one member are counted: the claimant, or who they were first.
    #[must_use]
    pub fn counted_for(&self) -> MemberId {
        self.first_id.unwrap_or(self.member_id)
    }
}

/// How the condition was judged, with all that is needed to judge it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Whether the condition was met.
    pub met: bool,
    /// What every leaf needed and saw.
    pub evidence: Vec<LeafEvidence>,
    /// The position of the log up to which the member's facts were folded.
    pub facts_position: i64,
    /// The version of the campaign's condition.
    pub condition_version: u32,
    /// The moment of asking.
    pub evaluated_at: Moment,
    /// The member's zone, which decided the local date of asking.
    #[schemars(with = "String")]
    pub time_zone: Tz,
    /// The date on which the campaign started, in its own zone, as it was then.
    #[serde(rename = "eventStartsOn")]
    pub campaign_starts_on: NaiveDate,
    /// The member's local date at the moment of asking, by the time zone rules of that day. Absent where it was not
    /// kept yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_date: Option<NaiveDate>,
}

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
}

impl DenialReason {
    /// All of them, in the order in which they are looked at.
    pub const ALL: [Self; 6] = [
        Self::MemberBlocked,
        Self::CampaignNotActive,
        Self::ConditionUnmet,
        Self::LimitReached,
        Self::BudgetExhausted,
        Self::OutOfStock,
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
}

/// The condition is met; an operator decides. The claim holds its stock meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Submitted {
    /// What is claimed.
    pub about: Subject,
    /// How the condition was judged.
    pub decision: Decision,
    /// Too late from this moment on.
    pub expires_at: Moment,
}

/// The condition is met and the reward is the member's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Granted {
    /// What is granted.
    pub about: Subject,
    /// How the condition was judged.
    pub decision: Decision,
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
    /// An operator said yes: the reward is the member's.
    Approved
    /// An operator said no.
    Rejected
    /// The reward was handed out.
    Fulfilled
    /// Handing it out failed.
    FulfilmentFailed
    /// The grant was taken back.
    Reversed
}

/// Nobody decided in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expired {
    /// What it is about.
    pub about: Subject,
}

/// A pending claim is over without a decision; what it held is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Withdrawn {
    /// What it is about.
    pub about: Subject,
    /// Why.
    pub reason: WithdrawalReason,
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

impl ClaimEvent {
    /// What the step is about.
    #[must_use]
    pub fn about(&self) -> &Subject {
        match self {
            Self::Denied(event) => &event.about,
            Self::Submitted(event) => &event.about,
            Self::Granted(event) => &event.about,
            Self::Approved(event) => &event.about,
            Self::Rejected(event) => &event.about,
            Self::Expired(event) => &event.about,
            Self::Withdrawn(event) => &event.about,
            Self::Fulfilled(event) => &event.about,
            Self::FulfilmentFailed(event) => &event.about,
            Self::Reversed(event) => &event.about,
        }
    }

    /// Who claims.
    #[must_use]
    pub fn member(&self) -> MemberId {
        self.about().member_id
    }

    /// The judgement of the condition, for the steps that rest on one.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Denied(event) => Some(&event.decision),
            Self::Submitted(event) => Some(&event.decision),
            Self::Granted(event) => Some(&event.decision),
            Self::Approved(_)
            | Self::Rejected(_)
            | Self::Expired(_)
            | Self::Withdrawn(_)
            | Self::Fulfilled(_)
            | Self::FulfilmentFailed(_)
            | Self::Reversed(_) => None,
        }
    }
}
