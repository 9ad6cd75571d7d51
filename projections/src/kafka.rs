//! The log on Kafka: the relay that publishes it, the topic compared with it, workers fed from it.

pub mod brokers;
pub mod published;
pub mod relay;
pub mod topic;
pub mod worker;
