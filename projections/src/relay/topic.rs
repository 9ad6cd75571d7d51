//! The topic that the log is published to: made when missing, never changed. The number of its
//! partitions is part of the contract, since it decides what stays in order.

use rdkafka::error::KafkaError;

use crate::brokers::{Brokers, TopicError};
use crate::error::FollowError;

/// How many partitions the topic has, for ever.
pub const PARTITIONS: i32 = 12;

/// Makes sure that the topic is there and has the right number of partitions.
///
/// # Errors
/// [`FollowError::Stop`] when it has another number, [`FollowError::Trouble`] when nobody answers.
pub(super) async fn ensure(brokers: &Brokers, topic: &str) -> Result<(), FollowError> {
    let unknown = |error: TopicError| FollowError::Trouble(error.to_string());
    match brokers.ensure_topic(topic, PARTITIONS).await.map_err(unknown)? {
        PARTITIONS => Ok(()),
        partitions => Err(FollowError::Stop(format!(
            "the topic {topic} has {partitions} partitions, not {PARTITIONS}: nothing is published to it"
        ))),
    }
}

pub(super) fn trouble(error: KafkaError) -> FollowError {
    FollowError::Trouble(format!("Kafka: {error}"))
}
