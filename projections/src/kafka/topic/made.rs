//! The topic that the log is published to: made when missing, never changed. The number of its
//! partitions is part of the contract, since it decides what stays in order.

use rdkafka::error::KafkaError;

use super::Topic;
use crate::engine::error::FollowError;
use crate::kafka::brokers::TopicError;
use crate::log::partition::PARTITIONS;

/// The log is for ever, and so is its topic: a broker's default would delete what is a week old, by the
/// time of the event, so that a topic that is filled again would be emptied at once.
/// Nor may a broker's own limit be smaller than an event: Kafka's default is four times the largest.
const FOR_EVER: [(&str, &str); 4] =
    [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1"), ("max.message.bytes", "1048588")];

/// Makes sure that the topic is there and has the right number of partitions.
///
/// # Errors
/// [`FollowError::Poison`] after `position` when it has another number, [`FollowError::Trouble`] when nobody
/// answers.
pub(crate) async fn ensure(topic: &Topic, position: i64) -> Result<(), FollowError> {
    let unknown = |error: TopicError| FollowError::Trouble(error.to_string());
    let name = &topic.name;
    match topic.brokers.ensure_topic_with(name, PARTITIONS, &FOR_EVER).await.map_err(unknown)? {
        PARTITIONS => Ok(()),
        partitions => Err(FollowError::Poison {
            position: position + 1,
            reason: format!(
                "the topic {name} has {partitions} partitions, not {PARTITIONS}: nothing is published to it; \
                 name another KAFKA_TOPIC, or delete this one and `reward-ledger projections retry relay`"
            ),
        }),
    }
}

pub(crate) fn trouble(error: KafkaError) -> FollowError {
    FollowError::Trouble(format!("Kafka: {error}"))
}
