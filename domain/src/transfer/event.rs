//! What can have happened to a transfer, and what each of it moves.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::id::MemberId;
use crate::moment::Moment;
use crate::quantity::Amount;
use crate::value::{Account, Entry, NewLot, Portion, Reference, UnitCode};

events! {
    /// One half of a transfer: each concerns one of the two members.
    TransferEvent as TransferEventType {
        /// The points have left the sender.
        Sent(Sent) = "transfer.sent",
        /// They have reached the receiver.
        Received(Received) = "transfer.received",
    }
}

/// From whom to whom, and how much; the same in both events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferSubject {
    /// Who sends.
    pub member_id: MemberId,
    /// Who receives.
    pub to_member_id: MemberId,
    /// In which unit.
    pub unit: UnitCode,
    /// How much.
    pub amount: Amount,
    /// What the sender calls it.
    pub reference: Reference,
}

/// The points have left the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// From whom to whom.
    pub about: TransferSubject,
    /// From which of the sender's lots.
    pub lots: Vec<Portion>,
    /// The position of the log up to which the sender's lots were known.
    pub lots_position: i64,
    /// The moment at which they were chosen.
    pub allocated_at: Moment,
    /// The day on which it counts for the sender.
    pub on: NaiveDate,
    /// Its number among those that the same member has sent in this unit on that day, from 1.
    pub number: i64,
}

/// They have reached the receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Received {
    /// From whom to whom.
    pub about: TransferSubject,
    /// The receiver's lots, each with the days of the sender's.
    pub lots: Vec<NewLot>,
}

impl TransferEvent {
    /// From whom to whom.
    #[must_use]
    pub fn about(&self) -> &TransferSubject {
        match self {
            Self::Sent(event) => &event.about,
            Self::Received(event) => &event.about,
        }
    }

    /// Which of the two members it concerns.
    #[must_use]
    pub fn member(&self) -> MemberId {
        match self {
            Self::Sent(event) => event.about.member_id,
            Self::Received(event) => event.about.to_member_id,
        }
    }

    /// What it moves.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let (member, unit) = (self.member(), &self.about().unit);
        vec![match self {
            Self::Sent(event) => Entry::of(member, unit, Account::Wallet, Account::InTransit, &event.lots),
            Self::Received(event) => Entry::new_lots(member, unit, Account::InTransit, event.lots.clone()),
        }]
    }
}
