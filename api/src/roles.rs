//! The roles of the binary: each a short file of wiring. What all of them open and close alike is in
//! `roles/database`.

mod admin;
mod audit;
mod config;
mod database;
mod demo;
mod import;
mod kafka;
mod migrate;
mod projections;
mod rebuild;
mod serve;
mod service;
mod signals;
mod worker;

pub use admin::Admin;
pub use audit::Audit;
pub use config::show_config;
pub use database::{Database, MIGRATOR};
pub use demo::Demo;
pub use import::import;
pub use kafka::Kafka;
pub use migrate::migrate;
pub use projections::Projections;
pub use rebuild::Rebuild;
pub use serve::{Serve, serve};
pub use service::Service;
