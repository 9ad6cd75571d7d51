//! The read side on a real PostgreSQL: every projection is the fold of the log, facts are right
//! wherever the projection stands, the loop and the relay step aside, stop and go on as they should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod at_once;
mod campaign_analytics;
mod contract;
mod coupons;
mod dashboard;
mod dashboard_days;
mod facts;
mod following;
mod log_analytics;
mod packed;
mod plans;
mod poison;
mod rebuilding;
mod relaying;
mod speed;
mod spends;
mod support;
mod value;
mod verifying;
mod workers;
mod workers_on_kafka;
