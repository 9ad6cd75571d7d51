//! Wallets: what members hold of units, and what is paid with it. The guard rows are read in one snapshot, the decision is
//! pure, and the append takes from the rows: it refuses when somebody else has taken meanwhile, and the decision is made
//! anew. Commands of this process on one wallet wait for each other. It knows no read table and no HTTP.

mod acts;
mod adjustments;
mod debtors;
mod due;
mod holdings;
mod settlement;
mod spends;
mod terms;
mod transfers;
pub(crate) mod units;

pub use adjustments::{AdjustmentError, AdjustmentOrder, AdjustmentVerdict};
pub use holdings::Wallets;
pub use spends::{SpendError, SpendOrder, SpendStep};
pub use transfers::{TransferError, TransferOrder};

pub(crate) use due::record_due;
pub(crate) use holdings::KnownWallet;
