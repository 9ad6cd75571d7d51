//! The write side: commands become events in the log. [`Ledger`] is the one way for a command, `log` the one way into the
//! log, `guards` keep limits across aggregates. It knows no read table and no HTTP.

mod claims;
mod coupons;
pub mod failure;
pub mod guards;
mod ledger;
pub mod log;
pub mod metrics;
mod wallets;

pub use claims::campaigns::CommittedStock;
pub use claims::counting::Period;
pub use claims::dry_run::RewardAvailability;
pub use claims::known_state::KnownState;
pub use claims::{ClaimError, ClaimRequest, FactsAndClaim, FactsSource, Short, shortage_of};
pub use coupons::{CodeOfCoupon, CodesError, KnownCoupon, RedemptionOrder, RedemptionStep, SealedCode};
pub use guards::GuardRefusal;
pub use ledger::retry::{Retry, TimeIsUp};
pub use ledger::unit::Unit;
pub use ledger::{CommandError, Ledger};
pub use log::append::{AlsoWrite, AppendError, Appended, StreamKey};
pub use log::coalesce::{Coalescer, Gathering, ReadError};
pub use log::metadata::Metadata;
pub use log::receipt::Receipt;
pub use log::stored_answers::{AnswerFromAppend, AnswerFromReceipt, StoredAnswer};
pub use log::streams::Loaded;
pub use wallets::{AdjustmentError, AdjustmentOrder, AdjustmentVerdict, TransferError, TransferOrder};
pub use wallets::{READ_WALLETS, SpendError, SpendOrder, SpendStep, WalletError, Wallets};
