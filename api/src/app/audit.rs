//! Auditing at the edge: everything verified at once, and the checkpoints that hold a log to what it was.
//! The folds themselves are in `projections::audit` and `commands::guards::compare`.

pub mod accounts;
pub mod changes;
pub mod checkpoints;
pub mod coupon_codes;
pub mod log_page;
pub mod signed_note;
pub mod signing_key;
pub mod verification;
