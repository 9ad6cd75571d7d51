//! What can have happened to a claim.

use crate::zone::Tz;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::denial::Denied;
use super::endings::{Expired, Fulfilled, FulfilmentFailed, Rejected, Reversed, Withdrawn};
use super::value::Credit;
use crate::budget::Counted;
use crate::campaign::RewardType;
use crate::condition::LeafEvidence;
use crate::coupon::CouponTerms;
use crate::event::events;
use crate::id::{CampaignId, MemberId, RewardId};
use crate::moment::Moment;
use crate::quantity::Amount;
use crate::spend::Paid;
use crate::upcast::Upcaster::Unchanged;

events! {
    /// A step in the life of one claim.
    ClaimEvent as ClaimEventType in Claim {
        /// An attempt was refused.
        Denied(Denied) = "claim.denied" upcast [Unchanged] when Denied::names_value,
        /// The condition is met; an operator decides.
        Submitted(Submitted) = "claim.submitted" upcast [Unchanged] when Submitted::moves_value,
        /// The condition is met and the reward is the member's.
        Granted(Granted) = "claim.granted" upcast [Unchanged] when Granted::moves_value,
        /// An operator said yes: the reward is the member's.
        Approved(Approved) = "claim.approved" upcast [Unchanged] when Approved::moves_value,
        /// An operator said no.
        Rejected(Rejected) = "claim.rejected" upcast [Unchanged] when Rejected::moves_value,
        /// Nobody decided in time.
        Expired(Expired) = "claim.expired" upcast [Unchanged] when Expired::moves_value,
        /// It was pending when it came to have nobody whose it is.
        Withdrawn(Withdrawn) = "claim.withdrawn" upcast [Unchanged] when Withdrawn::moves_value,
        /// The reward was handed out.
        Fulfilled(Fulfilled) = "claim.fulfilled",
        /// Handing it out failed.
        FulfilmentFailed(FulfilmentFailed) = "claim.fulfilment_failed",
        /// The grant was taken back.
        Reversed(Reversed) = "claim.reversed" upcast [Unchanged] when Reversed::moves_value,
        /// A grant of before credits what it would credit today.
        Credited(Credited) = "claim.credited",
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
    /// The price, which is held until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Paid>,
    /// What it counts against budgets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

/// The condition is met and the reward is the member's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Granted {
    /// What is granted.
    pub about: Subject,
    /// How the condition was judged.
    pub decision: Decision,
    /// What it credits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<Credit>,
    /// The price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Paid>,
    /// The coupon that it hands out; the n-th of its reward has the n-th code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<CouponTerms>,
    /// What it counts against budgets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

/// An operator said yes: the reward is the member's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approved {
    /// What it is about.
    pub about: Subject,
    /// Why, in the words of who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it credits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<Credit>,
    /// The price, which was held until now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Paid>,
    /// The coupon that it hands out; the n-th of its reward has the n-th code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<CouponTerms>,
}

/// A grant of before credits what it would credit today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Credited {
    /// What it is about.
    pub about: Subject,
    /// What it credits.
    pub credit: Credit,
}

macro_rules! without_value {
    ($( $name:ident { $($field:ident: $type:ty),+ } without { $($absent:ident),+ } )+) => { $(
        impl $name {
            /// Whether it moves anything beside stock, which no program before version 2 of it could say.
            pub(super) fn moves_value(&self) -> bool {
                $( self.$absent.is_some() )||+
            }

            /// A step that moves nothing beside stock.
            #[must_use]
            pub fn of($($field: $type),+) -> Self {
                Self { $($field,)+ $($absent: None),+ }
            }
        }
    )+ };
}
pub(super) use without_value;

without_value! {
    Submitted { about: Subject, decision: Decision, expires_at: Moment } without { paid, counted }
    Granted { about: Subject, decision: Decision } without { credit, paid, coupon, counted }
    Approved { about: Subject, note: Option<String> } without { credit, paid, coupon }
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
            Self::Credited(event) => &event.about,
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
            | Self::Reversed(_)
            | Self::Credited(_) => None,
        }
    }
}
