//! What follows by itself from what is in the log: followers that send commands.

mod budgets;
mod debts;
mod referral;

pub use budgets::BudgetReactor;
pub use debts::DebtReactor;
pub use referral::{EmailVerification, NotConsidered, ReferralProgramme, ReferralReactor};
