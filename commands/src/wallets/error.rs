//! Why a command on a wallet does nothing: what it names is not there, or it was refused.

use domain::adjustment::AdjustmentRefusal;
use domain::spend::SpendRefusal;
use domain::transfer::TransferRefusal;

use crate::ledger::CommandError;
use crate::ledger::retry::TimeIsUp;
use crate::log::coalesce::ReadError;

/// Why a wallet is left as it is; `R` is why the command may be refused.
#[derive(Debug, thiserror::Error)]
pub enum WalletError<R> {
    /// There is no such unit.
    #[error("there is no such unit")]
    UnitUnknown,
    /// There is no such member.
    #[error("there is no such member")]
    MemberUnknown,
    /// The command failed.
    #[error(transparent)]
    Command(#[from] CommandError<R>),
}

/// Why a payment is left as it is.
pub type SpendError = WalletError<SpendRefusal>;
/// Why staff change nothing.
pub type AdjustmentError = WalletError<AdjustmentRefusal>;
/// Why nothing is sent.
pub type TransferError = WalletError<TransferRefusal>;

impl<R> From<ReadError> for WalletError<R> {
    fn from(error: ReadError) -> Self {
        Self::Command(error.into())
    }
}

impl<R> From<TimeIsUp> for WalletError<R> {
    fn from(error: TimeIsUp) -> Self {
        Self::Command(error.into())
    }
}
