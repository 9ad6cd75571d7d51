//! The topic that the log is published to: made when missing, never changed. The number of its
//! partitions is part of the contract, since it decides what stays in order.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::PARTITIONS;
use crate::brokers::Brokers;
use crate::error::FollowError;

/// How long a broker may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// From so many replicas on, two of them must have a message before it counts as sent.
const REPLICAS_FOR_TWO_IN_SYNC: i32 = 3;

/// Makes sure that the topic is there and has the right number of partitions.
///
/// # Errors
/// [`FollowError::Stop`] when it has another number, [`FollowError::Trouble`] when nobody answers.
pub(crate) async fn ensure(brokers: &Brokers, topic: &str) -> Result<(), FollowError> {
    let admin: AdminClient<DefaultClientContext> = brokers.client().create().map_err(trouble)?;
    if let Some(partitions) = partitions(brokers, topic).await? {
        return right(topic, partitions);
    }
    let replicas = default_replicas(&admin, brokers).await;
    let mut wanted = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(-1));
    if replicas.is_some_and(|replicas| replicas >= REPLICAS_FOR_TWO_IN_SYNC) {
        wanted = wanted.set("min.insync.replicas", "2");
    }
    let options = AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN)).request_timeout(Some(ANSWER_WITHIN));
    for made in admin.create_topics([&wanted], &options).await.map_err(trouble)? {
        match made {
            Ok(_) => tracing::info!(topic, partitions = PARTITIONS, "made the topic"),
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(FollowError::Trouble(format!("the topic {topic} cannot be made: {code}"))),
        }
    }
    match partitions(brokers, topic).await? {
        Some(partitions) => right(topic, partitions),
        None => Err(FollowError::Trouble(format!("the topic {topic} is not there yet"))),
    }
}

fn right(topic: &str, partitions: i32) -> Result<(), FollowError> {
    if partitions == PARTITIONS {
        return Ok(());
    }
    Err(FollowError::Stop(format!(
        "the topic {topic} has {partitions} partitions, not {PARTITIONS}: nothing is published to it"
    )))
}

/// How many partitions the topic has; `None` when it is not there. All topics are asked for, since
/// asking for one by name may make it.
pub(super) async fn partitions(brokers: &Brokers, topic: &str) -> Result<Option<i32>, FollowError> {
    let client: rdkafka::consumer::BaseConsumer = brokers.client().create().map_err(trouble)?;
    let topic = topic.to_owned();
    let found = tokio::task::spawn_blocking(move || {
        let metadata = rdkafka::consumer::Consumer::fetch_metadata(&client, None, ANSWER_WITHIN)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        Ok(found.map(|found| found.partitions().len()))
    });
    let found: Result<Option<usize>, KafkaError> =
        found.await.map_err(|error| FollowError::Trouble(error.to_string()))?;
    Ok(found
        .map_err(trouble)?
        .and_then(|partitions| i32::try_from(partitions).ok())
        .filter(|partitions| *partitions > 0))
}

/// How many replicas a topic gets unless told otherwise, where the broker says so.
async fn default_replicas(admin: &AdminClient<DefaultClientContext>, brokers: &Brokers) -> Option<i32> {
    let client: rdkafka::consumer::BaseConsumer = brokers.client().create().ok()?;
    let broker = tokio::task::spawn_blocking(move || {
        let metadata = rdkafka::consumer::Consumer::fetch_metadata(&client, None, ANSWER_WITHIN).ok()?;
        metadata.brokers().first().map(rdkafka::metadata::MetadataBroker::id)
    })
    .await
    .ok()??;
    let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN));
    let described = admin.describe_configs([&ResourceSpecifier::Broker(broker)], &options).await.ok()?;
    let config = described.into_iter().next()?.ok()?;
    config.get("default.replication.factor")?.value.as_ref()?.parse().ok()
}

pub(crate) fn trouble(error: KafkaError) -> FollowError {
    FollowError::Trouble(format!("Kafka: {error}"))
}
