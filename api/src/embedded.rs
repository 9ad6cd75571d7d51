//! What the service brings along when nothing is configured: a PostgreSQL server of its own and a
//! Kafka broker inside the process.
//!
//! A first look needs no installation beyond this. Neither part knows what is stored in it or sent
//! through it, and neither is started when `DATABASE_URL` or `KAFKA_BROKERS` names a real one.

pub mod broker;
pub mod postgres;

pub use broker::{EmbeddedBroker, EmbeddedBrokerError};
pub use postgres::{EmbeddedPostgres, EmbeddedPostgresError};
