//! The fold of a log into what everybody holds and into the balance of every account: what an auditor compares rows with. It knows
//! no table and keeps all of it in memory.

use std::collections::BTreeMap;

use super::account::{Account, Entry};
use super::holdings::Holdings;
use super::postings::{entries, hold_change};
use super::{Posting, UnitCode, postings_of};
use crate::event::Event;
use crate::id::MemberId;

/// What everybody holds, and what every account comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books {
    wallets: BTreeMap<(MemberId, UnitCode), Holdings>,
    balances: BTreeMap<(UnitCode, Account), i128>,
}

impl Books {
    /// What these wallets hold, whatever the balances were before.
    #[must_use]
    pub fn of(wallets: BTreeMap<(MemberId, UnitCode), Holdings>) -> Self {
        Self { wallets, balances: BTreeMap::new() }
    }

    /// Posts the event at `position`.
    pub fn post(&mut self, event: &Event, position: i64) {
        let entries = entries(event);
        for entry in &entries {
            let wallet = self.wallets.entry((entry.member, entry.unit.clone())).or_default();
            wallet.apply(entry, position);
        }
        // a hold begins and ends with an entry to or from it, and all entries of such an event are about one wallet's hold
        if let (Some((id, change)), Some(entry)) = (hold_change(event), held(&entries))
            && let Some(wallet) = self.wallets.get_mut(&(entry.member, entry.unit.clone()))
        {
            wallet.apply_hold(id, &change);
        }
        for Posting { account, unit, amount, .. } in postings_of(entries) {
            *self.balances.entry((unit.clone(), account)).or_default() += i128::from(amount);
        }
    }

    /// What a member holds of a unit.
    #[must_use]
    pub fn wallet(&self, member: MemberId, unit: &UnitCode) -> Option<&Holdings> {
        self.wallets.get(&(member, unit.clone()))
    }

    /// Everybody's wallets.
    pub fn wallets(&self) -> impl Iterator<Item = (MemberId, &UnitCode, &Holdings)> {
        self.wallets.iter().map(|((member, unit), wallet)| (*member, unit, wallet))
    }

    /// What an account comes to, over all members.
    #[must_use]
    pub fn balance(&self, unit: &UnitCode, account: Account) -> i128 {
        self.balances.get(&(unit.clone(), account)).copied().unwrap_or(0)
    }
}

/// The movement to or from what is held, of which an event has at most one wallet's.
fn held<'a, 'b>(entries: &'b [Entry<'a>]) -> Option<&'b Entry<'a>> {
    entries.iter().find(|entry| entry.from == Account::Held || entry.to == Account::Held)
}
