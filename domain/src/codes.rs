//! The codes of one reward, one behind another: the n-th grant in the log's order has the n-th of them. Protects: what was given is
//! never taken out again, and which codes there are, in which order, is fixed by a root in the log before anybody gets
//! one. The codes themselves are never here: only their digests are, and those are handed in.

mod check_character;
mod code;
mod event;
mod format;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use check_character::{check_character, is_checked};
pub use code::{CodeProblem, CouponCode, LineProblem, MAX_CODE_PROBLEMS, check_batch};
pub use event::{Added, CodesEvent, CodesEventType, CodesSubject, RunningLow, Withdrawn};
pub use format::{CodeFormat, FormatRefusal};

use crate::chain::Hash;
use crate::quantity::{Amount, MAX_COUNT, StockUnits};
use crate::tree::Tree;

/// The most codes that are added at once.
pub const MAX_BATCH: i64 = 100_000;
/// Codes are running low when fewer than this part of them is left, in percent.
pub const LOW_PERCENT: i64 = 10;

/// What later decisions about the codes of a reward need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    total: i64,
    told_low: bool,
    /// The batch that was added last.
    #[serde(default)]
    last_added: Option<Box<Added>>,
}

/// What can be asked of the codes of a reward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodesCommand {
    /// Put codes behind the others.
    Add {
        /// Of which reward.
        about: CodesSubject,
        /// What the batch is called.
        batch_id: uuid::Uuid,
        /// Their keyed digests, in order.
        digests: Vec<Hash>,
    },
    /// Take the last codes out again.
    Withdraw {
        /// Of which reward.
        about: CodesSubject,
        /// How many.
        count: Amount,
        /// How many are given or promised: none of those.
        committed: i64,
    },
    /// Tell that few are left, once until codes are added.
    NoteLow {
        /// Of which reward.
        about: CodesSubject,
        /// How many are given or promised.
        committed: i64,
    },
}

/// Why the codes of a reward stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodesRefusal {
    /// There is nothing to add.
    #[error("there are no codes in it")]
    Nothing,
    /// More are to be added than are added at once.
    #[error("at most {MAX_BATCH} codes are added at once")]
    TooMany,
    /// There would be more than a reward can have.
    #[error("a reward has at most {MAX_COUNT} codes")]
    OutOfBounds,
    /// More are to be taken out than are left.
    #[error("{committed} codes are given or promised")]
    BelowCommitted {
        /// How many are given or promised.
        committed: i64,
    },
}

impl Codes {
    /// Decides a command: the events that follow, or the reason why none do.
    ///
    /// # Errors
    /// See [`CodesRefusal`].
    pub fn decide(&self, command: CodesCommand) -> Result<Vec<CodesEvent>, CodesRefusal> {
        match command {
            CodesCommand::Add { about, batch_id, digests } => self.add(about, batch_id, &digests),
            CodesCommand::Withdraw { about, count, committed } => self.withdraw(about, count, committed),
            CodesCommand::NoteLow { about, committed } => Ok(self.note_low(about, committed)),
        }
    }

    fn add(
        &self,
        about: CodesSubject,
        batch_id: uuid::Uuid,
        digests: &[Hash],
    ) -> Result<Vec<CodesEvent>, CodesRefusal> {
        let added = i64::try_from(digests.len()).unwrap_or(i64::MAX);
        let count = Amount::try_from(added).map_err(|_| CodesRefusal::Nothing)?;
        if added > MAX_BATCH {
            return Err(CodesRefusal::TooMany);
        }
        let total = StockUnits::try_from(self.total + added).map_err(|_| CodesRefusal::OutOfBounds)?;
        let (from, root) = (self.total + 1, hex::encode(root(digests)));
        Ok(vec![CodesEvent::Added(Added { about, batch_id, from, count, root, total })])
    }

    fn withdraw(&self, about: CodesSubject, count: Amount, committed: i64) -> Result<Vec<CodesEvent>, CodesRefusal> {
        let total = self.total - count.get();
        match StockUnits::try_from(total) {
            Ok(left) if total >= committed => Ok(vec![CodesEvent::Withdrawn(Withdrawn { about, count, total: left })]),
            Ok(_) | Err(_) => Err(CodesRefusal::BelowCommitted { committed }),
        }
    }

    fn note_low(&self, about: CodesSubject, committed: i64) -> Vec<CodesEvent> {
        let remaining = (self.total - committed).max(0);
        if self.told_low || !is_low(self.total, committed) {
            return vec![];
        }
        vec![CodesEvent::RunningLow(RunningLow { about, remaining, total: self.total })]
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &CodesEvent) {
        match event {
            CodesEvent::Added(added) => {
                let last_added = Some(Box::new(added.clone()));
                *self = Self { total: added.total.get(), told_low: false, last_added };
            }
            CodesEvent::Withdrawn(withdrawn) => self.total = withdrawn.total.get(),
            CodesEvent::RunningLow(_) => self.told_low = true,
        }
    }

    /// The batch that was added last.
    #[must_use]
    pub fn last_added(&self) -> Option<&Added> {
        self.last_added.as_deref()
    }

    /// How many codes there are, given or not.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.total
    }
}

/// Whether few codes are left of so many, when so many are given or promised.
#[must_use]
pub fn is_low(total: i64, committed: i64) -> bool {
    total > 0 && (total - committed) * 100 < total * LOW_PERCENT
}

/// The root over the keyed digests of codes, in order: the tree head of RFC 6962.
#[must_use]
pub fn root(digests: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    digests.iter().for_each(|digest| tree.push(digest));
    tree.head()
}

crate::aggregate::adapt!(Codes, "codes", CodesCommand, CodesEvent, CodesRefusal);
