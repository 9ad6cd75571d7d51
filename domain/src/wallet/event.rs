//! What can have happened to a wallet, and what each of it moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::id::MemberId;
use crate::value::{Account, Entry, Portion, UnitCode};

events! {
    /// Something that happened to one member's wallet without a payment.
    WalletEvent as WalletEventType {
        /// Lots have ended with something left in them.
        Expired(Expired) = "wallet.expired",
        /// What the member owed was settled, or a part of it.
        DebtSettled(DebtSettled) = "wallet.debt_settled",
        /// The member was erased, and what was free is gone.
        Forfeited(Forfeited) = "wallet.forfeited",
    }
}

macro_rules! about_lots {
    ($( $(#[$doc:meta])* $name:ident )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Whose wallet it is.
            pub member_id: MemberId,
            /// Of which unit.
            pub unit: UnitCode,
            /// Of which lots, and how much of each.
            pub lots: Vec<Portion>,
        }
    )+ };
}

about_lots! {
    /// Lots have ended with something left in them.
    Expired
    /// What the member owed was settled, or a part of it.
    DebtSettled
    /// The member was erased, and what was free is gone.
    Forfeited
}

impl WalletEvent {
    /// Whose wallet it is.
    #[must_use]
    pub fn member(&self) -> MemberId {
        match self {
            Self::Expired(event) => event.member_id,
            Self::DebtSettled(event) => event.member_id,
            Self::Forfeited(event) => event.member_id,
        }
    }

    /// What it moves.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let member = self.member();
        let (unit, lots, to) = match self {
            Self::Expired(event) => (&event.unit, &event.lots, Account::Expired),
            Self::DebtSettled(event) => (&event.unit, &event.lots, Account::Receivable),
            Self::Forfeited(event) => (&event.unit, &event.lots, Account::Expired),
        };
        vec![Entry::of(member, unit, Account::Wallet, to, lots)]
    }
}
