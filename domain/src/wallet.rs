//! What happens to one member's wallet without anybody paying: lots end, debts are settled, an erasure takes what is free. Its
//! stream's id is derived from (member, unit). It keeps nothing: what is there to end or to settle is read from the guard
//! rows, which refuse to do either twice.

mod event;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use event::{DebtSettled, Expired, Forfeited, WalletEvent, WalletEventType};

use crate::id::MemberId;
use crate::moment::Moment;
use crate::value::{Holdings, UnitCode};

/// One member's wallet of one unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {}

/// What can be asked of a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletCommand {
    /// Whose it is.
    pub member_id: MemberId,
    /// Of which unit.
    pub unit: UnitCode,
    /// What they hold.
    pub holdings: Arc<Holdings>,
    /// The moment of asking.
    pub at: Moment,
    /// What is to happen.
    pub step: WalletStep,
}

/// What can happen to a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletStep {
    /// Record what has ended: before anything else happens to the wallet, and by the scheduler.
    RecordDue,
    /// Settle what is owed, as far as there is something to settle it with.
    SettleDebt,
    /// Take what is free from a member who was erased. Holds end as they would.
    Forfeit,
}

impl Wallet {
    /// Decides a command: the events that follow. Where there is nothing to do, none.
    ///
    /// # Errors
    /// None: what cannot be done is not there to be done.
    pub fn decide(&self, command: WalletCommand) -> Result<Vec<WalletEvent>, Infallible> {
        Ok(match command.step {
            WalletStep::RecordDue => command.expired().into_iter().collect(),
            WalletStep::SettleDebt => command.settled().into_iter().collect(),
            WalletStep::Forfeit => command.forfeited(),
        })
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &WalletEvent) {
        match event {
            WalletEvent::Expired(_) | WalletEvent::DebtSettled(_) | WalletEvent::Forfeited(_) => {}
        }
    }
}

impl WalletCommand {
    fn expired(&self) -> Option<WalletEvent> {
        let lots = self.holdings.due(self.at).lots;
        let (member_id, unit) = (self.member_id, self.unit.clone());
        (!lots.is_empty()).then_some(WalletEvent::Expired(Expired { member_id, unit, lots }))
    }

    fn settled(&self) -> Option<WalletEvent> {
        let lots = self.holdings.settle(self.at);
        let (member_id, unit) = (self.member_id, self.unit.clone());
        (!lots.is_empty()).then_some(WalletEvent::DebtSettled(DebtSettled { member_id, unit, lots }))
    }

    /// What has ended has ended, what is owed is settled, and the rest is taken.
    fn forfeited(&self) -> Vec<WalletEvent> {
        let mut after = Holdings::clone(&self.holdings);
        let mut events: Vec<WalletEvent> = self.expired().into_iter().chain(self.settled()).collect();
        events.iter().flat_map(WalletEvent::entries).for_each(|entry| after.apply(&entry, 0));
        let (member_id, unit, lots) = (self.member_id, self.unit.clone(), after.forfeit(self.at));
        if !lots.is_empty() {
            events.push(WalletEvent::Forfeited(Forfeited { member_id, unit, lots }));
        }
        events
    }
}

crate::aggregate::adapt!(Wallet, "wallet", WalletCommand, WalletEvent, Infallible);
