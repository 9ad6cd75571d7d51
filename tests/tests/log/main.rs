//! The write path in process, on a real PostgreSQL: order, density, guards, durability, and the
//! promises of the traits that `cqrs-es` runs on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod acts;
mod append;
mod budgets;
mod claim_life;
mod codes;
mod facts;
mod framework;
mod guards;
mod handed_over;
mod old_snapshots;
mod outage;
mod past;
mod plans;
mod schema;
mod support;
mod two_writers;
mod value_coupons;
mod value_expiry;
mod value_hands;
mod value_naive;
mod value_paper;
mod value_races;
mod value_random;
mod value_shop;
mod value_tampering;
mod wallets;
