//! The edge of the service: HTTP, configuration and what is embedded. It knows no business rule.

pub mod config;
pub mod embedded;
