//! What can have happened to a payment, and what each of it moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HoldTime;
use crate::event::events;
use crate::id::MemberId;
use crate::moment::Moment;
use crate::quantity::Amount;
use crate::value::{Account, Entry, Portion, Reference, Refund, Release, UnitCode};

events! {
    /// A step in the life of one payment.
    SpendEvent as SpendEventType {
        /// The points are promised.
        Held(Held) = "spend.held",
        /// They were paid at once.
        Made(Made) = "spend.made",
        /// Held points were taken, or some of them.
        Captured(Captured) = "spend.captured",
        /// Held points are back.
        Released(Released) = "spend.released",
        /// Held points are back, since nobody ended the hold in time.
        Expired(Expired) = "spend.expired",
        /// Paid points are back, or some of them.
        Refunded(Refunded) = "spend.refunded",
    }
}

/// Who pays and who asks for it; the same in every event of one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpendSubject {
    /// Who pays.
    pub member_id: MemberId,
    /// In which unit.
    pub unit: UnitCode,
    /// Who asks for it.
    pub caller_id: MemberId,
    /// What the caller calls it.
    pub reference: Reference,
}

/// What pays, with all that is needed to choose the lots again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Paid {
    /// In which unit.
    pub unit: UnitCode,
    /// How much.
    pub amount: Amount,
    /// From which lots, in the order in which they are used.
    pub lots: Vec<Portion>,
    /// The position of the log up to which the member's lots were known.
    pub lots_position: i64,
    /// The moment at which they were chosen.
    pub allocated_at: Moment,
}

/// The points are promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Whose payment it is.
    pub about: SpendSubject,
    /// What is held.
    pub paid: Paid,
    /// For how long, as it was asked for …
    pub expires_after: HoldTime,
    /// … and so until this moment.
    pub expires_at: Moment,
}

/// They were paid at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Made {
    /// Whose payment it is.
    pub about: SpendSubject,
    /// What was paid.
    pub paid: Paid,
}

/// Held points were taken, or some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Captured {
    /// Whose payment it is.
    pub about: SpendSubject,
    /// What is paid by now.
    pub lots: Vec<Portion>,
    /// What became of the rest.
    #[serde(default, skip_serializing_if = "Release::is_nothing")]
    pub released: Release,
}

macro_rules! ended_holds {
    ($( $(#[$doc:meta])* $name:ident )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            /// Whose payment it is.
            pub about: SpendSubject,
            /// What became of the points.
            pub released: Release,
        }
    )+ };
}

ended_holds! {
    /// Held points are back.
    Released
    /// Held points are back, since nobody ended the hold in time.
    Expired
}

/// Paid points are back, or some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refunded {
    /// Whose payment it is.
    pub about: SpendSubject,
    /// What the caller calls the refund.
    pub reference: Reference,
    /// What became of the points.
    pub refund: Refund,
}

impl Paid {
    /// From an account of the member to where it goes.
    pub(crate) fn entry(&self, member: MemberId, from: Account, to: Account) -> Entry<'_> {
        Entry::of(member, &self.unit, from, to, &self.lots)
    }
}

impl SpendEvent {
    /// Whose payment it is.
    #[must_use]
    pub fn about(&self) -> &SpendSubject {
        match self {
            Self::Held(event) => &event.about,
            Self::Made(event) => &event.about,
            Self::Captured(event) => &event.about,
            Self::Released(event) => &event.about,
            Self::Expired(event) => &event.about,
            Self::Refunded(event) => &event.about,
        }
    }

    /// What it moves.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let (member, unit) = (self.about().member_id, &self.about().unit);
        match self {
            Self::Held(event) => vec![event.paid.entry(member, Account::Wallet, Account::Held)],
            Self::Made(event) => vec![event.paid.entry(member, Account::Wallet, Account::Spent)],
            Self::Captured(event) => {
                let captured = Entry::of(member, unit, Account::Held, Account::Spent, &event.lots);
                event.released.entries(member, unit).into_iter().chain([captured]).collect()
            }
            Self::Released(event) => event.released.entries(member, unit).into(),
            Self::Expired(event) => event.released.entries(member, unit).into(),
            Self::Refunded(event) => event.refund.entries(member, unit).into(),
        }
    }
}
