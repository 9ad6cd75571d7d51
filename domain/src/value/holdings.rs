//! What one member holds of one unit: lots, holds and debts, as they are read from the guard rows or folded from the log. What
//! is due is over at its instant, whether that was recorded or not: whatever asks with a moment is answered so.

use std::collections::BTreeMap;

use super::account::{Account, Entry, LotChange};
use super::lifetime::LotDates;
use super::portion::{NewLot, Portion, total};
use crate::id::{ClaimId, LotId, SpendId};
use crate::moment::Moment;

/// What one member holds of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    lots: BTreeMap<LotId, Lot>,
    holds: BTreeMap<HoldId, Hold>,
    owed: i64,
}

/// What one event gave, and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// How much it was.
    pub amount: i64,
    /// How much of it is neither used, nor held, nor over.
    pub free: i64,
    /// How much of it ended unused.
    pub expired: i64,
    /// From when to when it is good.
    pub dates: LotDates,
    /// The position of the event that gave it: its age.
    pub position: i64,
}

/// What promises points to something that has not happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldId {
    /// A payment that is not captured.
    Spend(SpendId),
    /// A claim with a price that nobody decided.
    Claim(ClaimId),
}

/// Points that are promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Until this moment.
    pub expires_at: Moment,
    /// Of which lots, in the order in which they were taken.
    pub lots: Vec<Portion>,
}

/// What an event does to a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldChange<'a> {
    /// It begins.
    Begun {
        /// Until when.
        expires_at: Moment,
        /// Of which lots.
        lots: &'a [Portion],
    },
    /// It has ended.
    Ended,
}

impl Holdings {
    /// What rows say: lots, open holds, and how much is owed.
    #[must_use]
    pub fn of(lots: BTreeMap<LotId, Lot>, holds: BTreeMap<HoldId, Hold>, owed: i64) -> Self {
        Self { lots, holds, owed }
    }

    /// All lots, used up or not.
    pub fn lots(&self) -> impl Iterator<Item = (LotId, &Lot)> {
        self.lots.iter().map(|(id, lot)| (*id, lot))
    }

    /// One lot.
    #[must_use]
    pub fn lot(&self, id: LotId) -> Option<&Lot> {
        self.lots.get(&id)
    }

    /// The holds that have not ended, recorded or not.
    pub fn holds(&self) -> impl Iterator<Item = (HoldId, &Hold)> {
        self.holds.iter().map(|(id, hold)| (*id, hold))
    }

    /// How much the member owes.
    #[must_use]
    pub fn owed(&self) -> i64 {
        self.owed
    }

    /// Takes an entry of this member and unit into account; `position` is that of its event.
    pub fn apply(&mut self, entry: &Entry<'_>, position: i64) {
        match &entry.lots {
            LotChange::Of(portions) => portions.iter().for_each(|part| self.shift(part, entry.from, entry.to)),
            LotChange::New(lots) => lots.iter().for_each(|lot| self.begin(lot, position)),
            LotChange::None(_) => {}
        }
        let owed = |account, amount: i64| if account == Account::Receivable { amount } else { 0 };
        self.owed += owed(entry.from, entry.amount()) - owed(entry.to, entry.amount());
    }

    /// Takes a change of a hold into account.
    pub fn apply_hold(&mut self, id: HoldId, change: &HoldChange<'_>) {
        match change {
            HoldChange::Begun { expires_at, lots } => {
                self.holds.insert(id, Hold { expires_at: *expires_at, lots: lots.to_vec() });
            }
            HoldChange::Ended => {
                self.holds.remove(&id);
            }
        }
    }

    fn shift(&mut self, part: &Portion, from: Account, to: Account) {
        let Some(lot) = self.lots.get_mut(&part.lot_id) else { return };
        let amount = part.amount.get();
        let share = |account, of| if account == of { amount } else { 0 };
        lot.free += share(to, Account::Wallet) - share(from, Account::Wallet);
        lot.expired += share(to, Account::Expired);
    }

    fn begin(&mut self, new: &NewLot, position: i64) {
        let amount = new.amount.get();
        let lot = Lot { amount, free: amount, expired: 0, dates: new.dates(), position };
        self.lots.insert(new.lot_id, lot);
    }

    /// How much of each lot is free at `at`, with what the holds that are over by then have given back.
    pub(super) fn free_at(&self, at: Moment) -> impl Iterator<Item = (LotId, &Lot, i64)> {
        let mut back: BTreeMap<LotId, i64> = BTreeMap::new();
        for part in self.holds.values().filter(|hold| hold.expires_at <= at).flat_map(|hold| &hold.lots) {
            *back.entry(part.lot_id).or_default() += part.amount.get();
        }
        self.lots.iter().map(move |(id, lot)| (*id, lot, lot.free + back.get(id).copied().unwrap_or(0)))
    }

    /// How much is held at `at`.
    pub(super) fn held_at(&self, at: Moment) -> i64 {
        self.holds.values().filter(|hold| hold.expires_at > at).map(|hold| total(&hold.lots)).sum()
    }
}
