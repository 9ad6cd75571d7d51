//! The topic that the log is published to: what it must be like, what a message on it is, and whether
//! it is the log. Who sends the messages, and when, is the relay's affair.

mod comparison;
pub(crate) mod made;
pub mod message;
mod reader;
mod verify;

pub use verify::{Looking, TopicVerification, verify};

use crate::kafka::brokers::Brokers;

/// How many partitions the topic has, for ever: what is in one partition stays in order.
pub const PARTITIONS: i32 = 12;

/// A topic, and what its messages say of where they come from.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Where.
    pub brokers: Brokers,
    /// Its name.
    pub name: String,
    /// The CloudEvents source of all messages.
    pub ce_source: String,
}

/// What is on a topic could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The database did not answer, or refused.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The broker did not answer, or refused.
    #[error("Kafka: {0}")]
    Kafka(String),
}

impl From<rdkafka::error::KafkaError> for LookError {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        Self::Kafka(error.to_string())
    }
}

/// The partition of a key, as every Java client would choose it.
#[must_use]
pub fn partition_of(key: &str, partitions: i32) -> i32 {
    let hash = murmur2::murmur2(key.as_bytes(), murmur2::KAFKA_SEED) & 0x7fff_ffff;
    i32::try_from(hash).unwrap_or_default().checked_rem(partitions).unwrap_or_default()
}

/// The partition of the topic in which the events of a subject are.
#[must_use]
pub fn partition_of_subject(subject: &str) -> i32 {
    partition_of(subject, PARTITIONS)
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    /// What Kafka's own `DefaultPartitioner` says, from its tests of `Utils.murmur2`.
    #[test]
    fn a_key_has_the_partition_that_a_java_client_gives_it() {
        let hashes = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in hashes {
            assert_eq!(partition_of(key, 12), (hash & i32::MAX) % 12, "{key}");
        }
    }
}
