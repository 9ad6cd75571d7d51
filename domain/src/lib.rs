//! The rule book: what a member, an activity, a campaign, a referral and a claim may do, and what
//! each of them has done. Everything here is a pure function of its arguments.
//!
//! Deliberately absent: SQL, HTTP, Kafka and the clock. A moment, an id or a fact that a rule needs
//! is handed in with the command; fractions and chance are refused by clippy (`domain/.clippy.toml`).

#![deny(clippy::float_arithmetic, clippy::disallowed_methods, clippy::disallowed_types)]

pub mod activity;
pub mod adjustment;
mod aggregate;
pub mod budget;
pub mod campaign;
pub mod chain;
pub mod claim;
pub mod codes;
pub mod condition;
pub mod coupon;
mod dates;
pub mod event;
pub mod facts;
pub mod forecast;
pub mod id;
pub mod identity;
pub mod member;
pub mod moment;
pub mod name;
pub mod period;
pub mod programme;
pub mod quantity;
pub mod referral;
pub mod role;
pub mod schemas;
pub mod spend;
pub mod transfer;
pub mod tree;
pub mod unit;
pub mod upcast;
pub mod value;
pub mod wallet;
mod written;
pub mod zone;

pub use aggregate::LedgerAggregate;
pub use dates::DateSet;
pub use event::Event;
pub use moment::Moment;
