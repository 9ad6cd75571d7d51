//! Creates the topic that the log is published to when it does not exist; never changes an existing one. The number of
//! partitions is part of the contract, because order is kept within a partition.

use rdkafka::error::KafkaError;

use super::Topic;
use crate::engine::error::FollowError;
use crate::kafka::brokers::TopicError;
use crate::log::partition::PARTITIONS;

/// Messages are kept for ever. A broker deletes by default what is older than a week by the time of the event, so that
/// a topic that is published again would be emptied at once. The largest message is set too: Kafka's default, four
/// times our largest event, in case the broker has a smaller one.
const FOR_EVER: [(&str, &str); 4] =
    [("cleanup.policy", "delete"), ("retention.ms", "-1"), ("retention.bytes", "-1"), ("max.message.bytes", "1048588")];

/// Creates the topic if needed and checks its number of partitions.
///
/// # Errors
/// [`FollowError::Poison`] after `position` when it has another number of partitions, [`FollowError::Trouble`] when no
/// broker answers.
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
