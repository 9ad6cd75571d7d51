//! The edge of the service: the command line, HTTP, jobs that nobody asked for, accounts, configuration and what is
//! embedded. It knows no business rule: those are in `domain`, and are reached through `commands` and `projections`.

pub mod app;
pub mod cli;
pub mod config;
pub mod embedded;
pub mod http;
pub mod jobs;
pub mod pages;
pub mod routes;
