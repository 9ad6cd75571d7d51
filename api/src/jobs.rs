//! What nobody asked for by HTTP: what follows from the clock, from facts, and from Kafka.

pub mod checkpoints;
pub mod demo_traffic;
pub mod kafka_intake;
pub mod low_codes;
pub mod reactors;
pub mod scheduler;
