//! The topic that the log is published to: made when missing, never changed. The number of its
//! partitions is part of the contract, since it decides what stays in order.

use rdkafka::error::KafkaError;

use super::PARTITIONS;
use crate::brokers::{Brokers, TopicError};
use crate::error::FollowError;

/// The log is for ever, and so is its topic: a broker's default would delete what is a week old, by the
/// time of the event, so that a topic that is filled again would be emptied at once.
const FOR_EVER: [(&str, &str); 3] = [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1")];

/// Makes sure that the topic is there and has the right number of partitions.
///
/// # Errors
/// [`FollowError::Stop`] when it has another number, [`FollowError::Trouble`] when nobody answers.
pub(crate) async fn ensure(brokers: &Brokers, topic: &str) -> Result<(), FollowError> {
    let unknown = |error: TopicError| FollowError::Trouble(error.to_string());
    match brokers.ensure_topic_with(topic, PARTITIONS, &FOR_EVER).await.map_err(unknown)? {
        PARTITIONS => Ok(()),
        partitions => Err(FollowError::Stop(format!(
            "the topic {topic} has {partitions} partitions, not {PARTITIONS}: nothing is published to it"
        ))),
    }
}

pub(crate) fn trouble(error: KafkaError) -> FollowError {
    FollowError::Trouble(format!("Kafka: {error}"))
}
