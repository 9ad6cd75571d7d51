//! Topics: whether they exist, their number of partitions, and creating them. An existing topic is never changed.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::MetadataBroker;
use rdkafka::types::RDKafkaErrorCode;

use super::Brokers;

/// How long a broker may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How often to check for a topic that was just created.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// From this many replicas on, two of them must have a message before it is acknowledged.
const REPLICAS_FOR_TWO_IN_SYNC: i32 = 3;

/// Why it could not be established that a topic exists. All of these may pass.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// No broker answers, or its answer is an error.
    #[error("Kafka: {0}")]
    Kafka(#[from] KafkaError),
    /// It could not be created.
    #[error("the topic {topic} cannot be created: {code}")]
    NotMade {
        /// The name of the topic.
        topic: String,
        /// The answer of the broker.
        code: RDKafkaErrorCode,
    },
    /// It was created and is not visible yet.
    #[error("the topic {0} does not exist yet")]
    NotYet(String),
    /// The task that asked the broker has ended.
    #[error("the query failed: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

impl Brokers {
    /// Creates a topic if it does not exist, with `wanted` partitions and the broker's default number of replicas.
    /// Returns how many partitions it has.
    ///
    /// # Errors
    /// See [`TopicError`].
    pub async fn ensure_topic(&self, topic: &str, wanted: i32) -> Result<i32, TopicError> {
        self.ensure_topic_with(topic, wanted, &[]).await
    }

    /// The same, with settings for a new topic, such as `retention.ms`.
    ///
    /// # Errors
    /// See [`TopicError`].
    pub async fn ensure_topic_with(
        &self,
        topic: &str,
        wanted: i32,
        settings: &[(&str, &str)],
    ) -> Result<i32, TopicError> {
        if let Some(partitions) = self.partitions(topic).await? {
            return Ok(partitions);
        }
        let admin: AdminClient<DefaultClientContext> = self.client().create()?;
        let replicas = self.default_replicas(&admin).await;
        let mut new = NewTopic::new(topic, wanted, TopicReplication::Fixed(-1));
        if replicas.is_some_and(|replicas| replicas >= REPLICAS_FOR_TWO_IN_SYNC) {
            new = new.set("min.insync.replicas", "2");
        }
        new = settings.iter().fold(new, |new, (name, value)| new.set(name, value));
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN)).request_timeout(Some(ANSWER_WITHIN));
        for made in admin.create_topics([&new], &options).await? {
            match made {
                Ok(_) => tracing::info!(topic, partitions = wanted, "Kafka topic created"),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => return Err(TopicError::NotMade { topic, code }),
            }
        }
        self.seen(topic).await
    }

    /// Waits until a topic that was created is visible.
    async fn seen(&self, topic: &str) -> Result<i32, TopicError> {
        let mut looks = ANSWER_WITHIN.as_millis() / LOOK_AGAIN.as_millis();
        loop {
            if let Some(partitions) = self.partitions(topic).await? {
                return Ok(partitions);
            }
            if looks == 0 {
                return Err(TopicError::NotYet(topic.to_owned()));
            }
            looks -= 1;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// How many partitions a topic has; `None` when it does not exist. This asks for all topics, since asking for one
    /// by name may create it.
    ///
    /// # Errors
    /// See [`TopicError`].
    pub async fn partitions(&self, topic: &str) -> Result<Option<i32>, TopicError> {
        let client: BaseConsumer = self.client().create()?;
        let topic = topic.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let metadata = client.fetch_metadata(None, ANSWER_WITHIN)?;
            let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
            Ok::<_, KafkaError>(found.map(|found| found.partitions().len()))
        });
        let found = found.await??;
        Ok(found.and_then(|partitions| i32::try_from(partitions).ok()).filter(|partitions| *partitions > 0))
    }

    /// The broker's default number of replicas, if it tells it.
    async fn default_replicas(&self, admin: &AdminClient<DefaultClientContext>) -> Option<i32> {
        let client: BaseConsumer = self.client().create().ok()?;
        let broker = tokio::task::spawn_blocking(move || {
            let metadata = client.fetch_metadata(None, ANSWER_WITHIN).ok()?;
            metadata.brokers().first().map(MetadataBroker::id)
        })
        .await
        .ok()??;
        let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN));
        let described = admin.describe_configs([&ResourceSpecifier::Broker(broker)], &options).await.ok()?;
        let config = described.into_iter().next()?.ok()?;
        config.get("default.replication.factor")?.value.as_ref()?.parse().ok()
    }
}
