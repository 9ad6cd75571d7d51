//! What can have happened to a referral.

use crate::zone::Tz;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::condition::{Condition, LeafEvidence};
use crate::event::events;
use crate::id::MemberId;

events! {
    /// A step in the life of one invitation.
    ReferralEvent as ReferralEventType in Referral {
        /// The invitee signed up with the inviter's code.
        Created(Created) = "referral.created",
        /// The invitee met the programme's condition.
        Qualified(Qualified) = "referral.qualified",
        /// Staff took it out.
        Voided(Voided) = "referral.voided",
    }
}

/// The invitee signed up with the inviter's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// Who signed up.
    pub invitee_id: MemberId,
    /// Whose code it was.
    pub inviter_id: MemberId,
}

/// The invitee met the programme's condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Qualified {
    /// Who signed up.
    pub invitee_id: MemberId,
    /// Whose code it was.
    pub inviter_id: MemberId,
    /// The condition as it was.
    pub condition: Condition,
    /// What it saw.
    pub evidence: Vec<LeafEvidence>,
    /// The position of the log up to which the invitee's facts were folded.
    pub facts_position: i64,
    /// The invitee's local date when the condition was judged.
    pub judged_on: NaiveDate,
    /// The inviter's calendar day for which it counts.
    pub local_date: NaiveDate,
    /// The inviter's zone, where that day was taken.
    #[schemars(with = "String")]
    pub time_zone: Tz,
}

/// Staff took it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Voided {
    /// Who signed up.
    pub invitee_id: MemberId,
    /// Whose code it was.
    pub inviter_id: MemberId,
    /// Why, in the words of who did it.
    pub note: String,
}

impl ReferralEvent {
    /// Whose code it was.
    #[must_use]
    pub fn inviter(&self) -> MemberId {
        match self {
            Self::Created(event) => event.inviter_id,
            Self::Qualified(event) => event.inviter_id,
            Self::Voided(event) => event.inviter_id,
        }
    }

    /// Who signed up.
    #[must_use]
    pub fn invitee(&self) -> MemberId {
        match self {
            Self::Created(event) => event.invitee_id,
            Self::Qualified(event) => event.invitee_id,
            Self::Voided(event) => event.invitee_id,
        }
    }
}
