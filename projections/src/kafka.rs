//! The log on Kafka: the relay that publishes it, the topic it is published to, and the workers that consume it.

pub mod brokers;
pub mod published;
pub mod relay;
pub mod topic;
pub mod worker;
