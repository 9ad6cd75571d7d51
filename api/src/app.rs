//! What HTTP, the command line, jobs and Kafka share: accounts, activities, explanations, verification. It knows no
//! HTTP type and no option of the configuration.

pub mod accounts;
pub mod activities;
pub mod approvals;
pub mod as_of;
pub mod audit;
pub mod build;
pub mod claim_names;
pub mod claim_value;
pub mod client_address;
pub mod clock;
pub mod coupons;
pub mod explain;
pub mod facts;
pub mod i18n;
pub mod input;
pub mod key_file;
pub mod limits;
pub mod operations;
pub mod problem;
pub mod security;
pub mod session_cache;
pub mod stored_answers;
pub mod time_zones;
pub mod tokens;
