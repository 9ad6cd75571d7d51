//! What a wallet says of itself at a moment, and what of it is due but not recorded by then.

use std::collections::BTreeMap;

use super::allocation::MAX_LOTS;
use super::holdings::{HoldId, Holdings, Lot};
use super::portion::Portion;
use crate::id::LotId;
use crate::moment::Moment;

/// What a member has of a unit at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// All that is theirs, less what they owe.
    pub balance: i64,
    /// What they can use.
    pub available: i64,
    /// What they cannot use yet.
    pub pending: i64,
    /// What is promised to payments.
    pub held: i64,
    /// What they owe: zero or below.
    pub receivable: i64,
    /// What ends, by moment, the soonest first.
    pub expiring: Vec<Dated>,
    /// What can be used later, by moment, the soonest first.
    pub maturing: Vec<Dated>,
}

/// So much at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// When.
    pub at: Moment,
    /// How much.
    pub amount: i64,
}

/// What is over at a moment and not recorded: it is recorded before anything else happens to the wallet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Holds that nobody captured or released in time. What they give back to a lot that has ended, ends with them.
    pub holds: Vec<HoldId>,
    /// What is left of lots that have ended; at most as many lots as one event names, the others are due behind it.
    pub lots: Vec<Portion>,
}

impl Due {
    /// Whether there is nothing to record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty() && self.lots.is_empty()
    }
}

/// What has become of one lot by a moment: the four together are what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotStanding {
    /// What is left and has not ended, whether it can be used already or not.
    pub free: i64,
    /// What is promised to payments.
    pub held: i64,
    /// What was paid, or taken back.
    pub used: i64,
    /// What ended unused.
    pub expired: i64,
}

impl Holdings {
    /// What has become of each lot at `at`.
    pub fn lots_at(&self, at: Moment) -> impl Iterator<Item = (LotId, &Lot, LotStanding)> {
        let mut held: BTreeMap<LotId, i64> = BTreeMap::new();
        for part in self.holds().filter(|(_, hold)| hold.expires_at > at).flat_map(|(_, hold)| &hold.lots) {
            *held.entry(part.lot_id).or_default() += part.amount.get();
        }
        self.free_at(at).map(move |(id, lot, free)| {
            let held = held.get(&id).copied().unwrap_or(0);
            let (free, over) = if lot.dates.have_ended(at) { (0, free) } else { (free, 0) };
            let expired = lot.expired + over;
            (id, lot, LotStanding { free, held, used: lot.amount - free - held - expired, expired })
        })
    }

    /// What the member has at `at`.
    #[must_use]
    pub fn standing(&self, at: Moment) -> Standing {
        let living: Vec<_> = self.free_at(at).filter(|(_, lot, free)| *free > 0 && !lot.dates.have_ended(at)).collect();
        let ahead = living.iter().filter(|(_, lot, _)| lot.dates.are_ahead(at));
        let sum = |free: i64, held: i64| free + held - self.owed();
        let held = self.held_at(at);
        Standing {
            balance: sum(living.iter().map(|(_, _, free)| free).sum(), held),
            available: self.available(at),
            pending: ahead.clone().map(|(_, _, free)| free).sum(),
            held,
            receivable: -self.owed(),
            expiring: by_moment(living.iter().filter_map(|(_, lot, free)| Some((lot.dates.expires_at?, *free)))),
            maturing: by_moment(ahead.map(|(_, lot, free)| (lot.dates.available_from, *free))),
        }
    }

    /// What is due at `at`.
    #[must_use]
    pub fn due(&self, at: Moment) -> Due {
        let holds = self.holds().filter(|(_, hold)| hold.expires_at <= at).map(|(id, _)| id);
        let ended = self.lots().filter(|(_, lot)| lot.dates.have_ended(at));
        Due {
            holds: holds.collect(),
            lots: ended.filter_map(|(id, lot)| Portion::of(id, lot.free)).take(MAX_LOTS).collect(),
        }
    }

    /// The first moment at which something is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Moment> {
        let holds = self.holds().map(|(_, hold)| hold.expires_at);
        let lots = self.lots().filter(|(_, lot)| lot.free > 0).filter_map(|(_, lot)| lot.dates.expires_at);
        holds.chain(lots).min()
    }
}

fn by_moment(amounts: impl Iterator<Item = (Moment, i64)>) -> Vec<Dated> {
    let mut sums = BTreeMap::new();
    for (at, amount) in amounts {
        *sums.entry(at).or_insert(0) += amount;
    }
    sums.into_iter().map(|(at, amount)| Dated { at, amount }).collect()
}
