//! What can have happened to an adjustment, and what each of it moves.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::id::MemberId;
use crate::moment::Moment;
use crate::quantity::SignedAmount;
use crate::value::{Account, Entry, Expiry, NewLot, Portion, UnitCode};

events! {
    /// A step in the life of one change of a wallet by staff.
    AdjustmentEvent as AdjustmentEventType {
        /// Somebody else has to agree.
        Requested(Requested) = "adjustment.requested",
        /// Who asked for it has posted it alone.
        Posted(Posted) = "adjustment.posted",
        /// Somebody else said yes, and it is posted.
        Approved(Approved) = "adjustment.approved",
        /// Somebody else said no.
        Rejected(Rejected) = "adjustment.rejected",
    }
}

/// What is to change and why; the same in every event of one adjustment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdjustmentSubject {
    /// Whose wallet it is.
    pub member_id: MemberId,
    /// Of which unit.
    pub unit: UnitCode,
    /// How much is given; below zero, taken.
    pub amount: SignedAmount,
    /// Who asked for it.
    pub operator_id: MemberId,
    /// Why, in the words of who asked for it.
    pub note: String,
}

/// What an adjustment changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It gives a lot.
    Given(NewLot),
    /// It takes lots.
    Taken(Taken),
}

/// What is taken, with all that is needed to choose the lots again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// Of which lots.
    pub lots: Vec<Portion>,
    /// The position of the log up to which the member's lots were known.
    pub lots_position: i64,
    /// The moment at which they were chosen.
    pub allocated_at: Moment,
}

/// Somebody else has to agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requested {
    /// What is to change.
    pub about: AdjustmentSubject,
    /// When what it gives is over; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
}

/// Who asked for it has posted it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posted {
    /// What was to change.
    pub about: AdjustmentSubject,
    /// What has changed.
    pub change: Change,
    /// The day (UTC) on which it counts as posted alone.
    pub on: NaiveDate,
    /// Its number among those that the same person has posted alone in this unit on that day, from 1.
    pub number: i64,
}

/// Somebody else said yes, and it is posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    /// What was to change.
    pub about: AdjustmentSubject,
    /// What has changed.
    pub change: Change,
    /// Who said yes.
    pub decided_by: MemberId,
    /// Why, in the words of who said yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Somebody else said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// What was to change.
    pub about: AdjustmentSubject,
    /// Who said no.
    pub decided_by: MemberId,
    /// Why, in the words of who said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl AdjustmentEvent {
    /// What is to change.
    #[must_use]
    pub fn about(&self) -> &AdjustmentSubject {
        match self {
            Self::Requested(event) => &event.about,
            Self::Posted(event) => &event.about,
            Self::Approved(event) => &event.about,
            Self::Rejected(event) => &event.about,
        }
    }

    /// What it has changed.
    #[must_use]
    pub fn change(&self) -> Option<&Change> {
        match self {
            Self::Posted(event) => Some(&event.change),
            Self::Approved(event) => Some(&event.change),
            Self::Requested(_) | Self::Rejected(_) => None,
        }
    }

    /// What it moves.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let AdjustmentSubject { member_id, unit, .. } = self.about();
        let entry = match self.change() {
            Some(Change::Given(lot)) => Some(Entry::new_lots(*member_id, unit, Account::Adjusted, vec![*lot])),
            Some(Change::Taken(taken)) => {
                Some(Entry::of(*member_id, unit, Account::Wallet, Account::Adjusted, &taken.lots))
            }
            None => None,
        };
        entry.into_iter().collect()
    }
}
