//! A folder a question: rows, fold, queries.

pub mod adjustments;
pub mod campaign_analytics;
pub mod campaign_catalogue;
pub mod campaign_windows;
pub mod claim_history;
mod copy_in;
pub mod coupons;
pub mod dashboard;
mod json_text;
pub mod log_analytics;
pub mod login_streak;
pub mod member_facts;
pub mod moving_value;
pub mod referral_tally;
pub mod spends;
pub mod units;
pub mod value;
pub mod wallets;
