//! What is over in a wallet and not recorded yet is recorded before anything else happens to it, in the same append: holds
//! that nobody ended in time, and lots that have ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::claim::{Claim, ClaimCommand, ValueInputs};
use domain::id::WalletId;
use domain::spend::{Spend, SpendCommand};
use domain::value::HoldId;
use domain::wallet::{Wallet, WalletCommand, WalletStep};
use domain::{LedgerAggregate, Moment};

use super::KnownWallet;
use crate::ledger::unit::Unit;
use crate::ledger::{CommandError, stream_key};
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;

/// The most holds whose end one append records.
const HOLDS_AT_ONCE: usize = 100;

/// Records in `unit` what is due in a wallet, but the hold `own`, which the command itself ends or refuses.
pub(crate) async fn record_due<R>(
    unit: &Unit<'_>,
    wallet: &KnownWallet,
    own: Option<HoldId>,
    at: Moment,
) -> Result<(), CommandError<R>> {
    end_holds(unit, wallet, own, at).await?;
    if !wallet.holdings.due(at).lots.is_empty() {
        wallet.execute(unit, WalletStep::RecordDue, at).await?;
    }
    Ok(())
}

/// Records the end of the holds that nobody ended in time. Whatever is decided counts on all of them: where they are too many for
/// one append, the first are ended in one of their own, and the command is decided anew.
pub(crate) async fn end_holds<R>(
    unit: &Unit<'_>,
    wallet: &KnownWallet,
    own: Option<HoldId>,
    at: Moment,
) -> Result<(), CommandError<R>> {
    let due: Vec<_> = wallet.holdings.due(at).holds.into_iter().filter(|hold| Some(*hold) != own).collect();
    let Some(first) = due.get(..HOLDS_AT_ONCE).filter(|first| first.len() < due.len()) else {
        return end_each(unit, wallet, &due, at).await;
    };
    let ahead = unit.ledger().unit(Metadata::system(at));
    end_each(&ahead, wallet, first, at).await?;
    ahead.commit::<R>().await?;
    Err(CommandError::Conflict(stream_key::<Wallet>(&WalletId::of(wallet.member_id, &wallet.unit).to_string())))
}

async fn end_each<R>(
    unit: &Unit<'_>,
    wallet: &KnownWallet,
    holds: &[HoldId],
    at: Moment,
) -> Result<(), CommandError<R>> {
    let holdings = || wallet.holdings.clone();
    for hold in holds {
        match hold {
            HoldId::Spend(id) => {
                let expire = SpendCommand::Expire { holdings: holdings(), at };
                others(unit.execute::<Spend>(&id.to_string(), expire).await, &id.to_string())?;
            }
            HoldId::Claim(id) => {
                let holdings = BTreeMap::from([(wallet.unit.clone(), holdings())]);
                let value = ValueInputs { holdings, lots_position: wallet.position, ..ValueInputs::default() };
                let expire = ClaimCommand::Expire { at, value: Some(Arc::new(value)) };
                others(unit.execute::<Claim>(&id.to_string(), expire).await, &id.to_string())?;
            }
        }
    }
    Ok(())
}

impl KnownWallet {
    /// A step of the wallet itself.
    pub(crate) async fn execute<R>(
        &self,
        unit: &Unit<'_>,
        step: WalletStep,
        at: Moment,
    ) -> Result<Receipt<Wallet>, CommandError<R>> {
        let (member_id, code, holdings) = (self.member_id, self.unit.clone(), self.holdings.clone());
        let id = WalletId::of(member_id, &code).to_string();
        let command = WalletCommand { member_id, unit: code, holdings, at, step };
        others(unit.execute::<Wallet>(&id, command).await, &id)
    }
}

/// The outcome of a step beside the command's own: where a rule refuses it, the stream has gone on since the rows were read.
pub(crate) fn others<A: LedgerAggregate, R>(
    outcome: Result<Receipt<A>, CommandError<A::Error>>,
    id: &str,
) -> Result<Receipt<A>, CommandError<R>> {
    outcome.map_err(|error| match error {
        CommandError::Refused { .. } => CommandError::Conflict(stream_key::<A>(id)),
        CommandError::Guard(refusal) => CommandError::Guard(refusal),
        CommandError::Stale { sequence, position } => CommandError::Stale { sequence, position },
        CommandError::Conflict(stream) => CommandError::Conflict(stream),
        CommandError::TooLarge { bytes } => CommandError::TooLarge { bytes },
        CommandError::Overloaded => CommandError::Overloaded,
        CommandError::Unavailable => CommandError::Unavailable,
        CommandError::Broken(reason) => CommandError::Broken(reason),
    })
}
