//! Wallets: what members hold of units, and what is paid with it. The guard rows are read in one snapshot, the decision is
//! pure, and the append takes from the rows: it refuses when somebody else has taken meanwhile, and the decision is made
//! anew. Commands of this process on one wallet wait for each other. It knows no read table and no HTTP.

mod acts;
mod adjustments;
mod debtors;
mod due;
mod error;
pub(crate) mod holdings;
mod settlement;
mod spends;
mod terms;
mod transfers;
pub(crate) mod units;

pub use adjustments::{AdjustmentOrder, AdjustmentVerdict};
pub use error::{AdjustmentError, SpendError, TransferError, WalletError};
pub use holdings::{READ_WALLETS, Wallets};
pub use spends::{SpendOrder, SpendStep};
pub use transfers::TransferOrder;

pub(crate) use due::record_due;
pub(crate) use holdings::KnownWallet;
