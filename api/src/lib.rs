//! The edge of the service: HTTP, accounts, configuration and what is embedded. It knows no business
//! rule: those are in `domain`, and are reached through `commands` and `projections`.

pub mod accounts;
pub mod activities;
#[cfg(test)]
mod adversary;
pub mod audit;
pub mod callers;
pub mod cli;
mod clock;
pub mod config;
pub mod cursor;
pub mod demo;
pub mod embedded;
pub mod etag;
pub mod explain;
pub mod extract;
pub mod facts;
pub mod fields;
pub mod generate;
pub mod import;
pub mod inbound;
mod json;
pub mod metrics;
pub mod once;
pub mod openapi;
pub mod positions;
pub mod problem;
pub mod rate_limits;
pub mod reactors;
pub mod roles;
pub mod routes;
pub mod scheduler;
pub mod security;
pub mod server;
pub mod standing;
pub mod state;
pub mod time_zones;
pub mod tokens;
pub mod words;
