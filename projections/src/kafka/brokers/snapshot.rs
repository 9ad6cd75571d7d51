//! Reads the messages at saved offsets of a topic, which tell whether it is still the same topic or one that was
//! created again under the same name, whose offsets start at 0. Kafka has topic ids, but librdkafka has no safe call
//! for them; the cluster id and the message at an offset serve instead.
//!
//! Everything here blocks: call it on a thread that may.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::client::Client;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};

use super::{Brokers, ReadToEnd};

/// How long a broker may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long fetching the messages may take.
const MESSAGES_WITHIN: Duration = Duration::from_secs(10);
/// How much librdkafka fetches ahead, in KiB: only the first message of each partition is read.
const AHEAD_KIB: &str = "1024";
/// How much of a partition is fetched, in bytes.
const FETCH_BYTES: &str = "65536";

/// The state of a topic, with the messages at the requested offsets.
#[derive(Debug)]
pub struct TopicSnapshot {
    /// The id of the cluster, if the broker tells it.
    pub cluster: Option<String>,
    /// By partition.
    pub partitions: BTreeMap<i32, PartitionSnapshot>,
}

/// The state of one partition.
#[derive(Debug)]
pub struct PartitionSnapshot {
    /// The offset of the first message that still exists.
    pub first: i64,
    /// The offset after the last message.
    pub end: i64,
    /// The message at the requested offset.
    pub message: Option<OwnedMessage>,
}

impl TopicSnapshot {
    /// How many messages were ever written to the requested partitions.
    #[must_use]
    pub fn written(&self) -> i64 {
        self.partitions.values().map(|at| at.end).sum()
    }

    /// Whether an offset was saved on another cluster. A cluster without a known id counts as the same.
    #[must_use]
    pub fn is_elsewhere(&self, saved: Option<&str>) -> bool {
        saved.zip(self.cluster.as_deref()).is_some_and(|(saved, now)| saved != now)
    }
}

impl Brokers {
    /// Reads offsets of a topic, by partition; with `None` only the start and the end of the partition.
    ///
    /// # Errors
    /// The broker does not answer, or there is no such topic.
    pub fn snapshot_topic(
        &self,
        topic: &str,
        offsets: &BTreeMap<i32, Option<i64>>,
    ) -> Result<TopicSnapshot, KafkaError> {
        let consumer: BaseConsumer<ReadToEnd> = self
            .client()
            // asked for by librdkafka, never joined
            .set("group.id", "reward-ledger-look")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest")
            .set("allow.auto.create.topics", "false")
            .set("queued.max.messages.kbytes", AHEAD_KIB)
            // a message that is larger comes all the same
            .set("fetch.message.max.bytes", FETCH_BYTES)
            .create_with_context(ReadToEnd)?;
        let (mut partitions, mut wanted) = (BTreeMap::new(), BTreeMap::new());
        for (partition, offset) in offsets {
            let (first, end) = consumer.fetch_watermarks(topic, *partition, ANSWER_WITHIN)?;
            partitions.insert(*partition, PartitionSnapshot { first, end, message: None });
            if let Some(offset) = offset.filter(|offset| (first..end).contains(offset)) {
                wanted.insert(*partition, offset);
            }
        }
        let cluster = Client::fetch_cluster_id(consumer.client(), ANSWER_WITHIN).filter(|id| !id.is_empty());
        for message in messages(&consumer, topic, &wanted)? {
            if let Some(at) = partitions.get_mut(&message.partition()) {
                at.message = Some(message);
            }
        }
        Ok(TopicSnapshot { cluster, partitions })
    }
}

/// The messages at these offsets; an offset without a message is left out.
fn messages(
    consumer: &BaseConsumer<ReadToEnd>,
    topic: &str,
    wanted: &BTreeMap<i32, i64>,
) -> Result<Vec<OwnedMessage>, KafkaError> {
    let mut from = TopicPartitionList::with_capacity(wanted.len());
    for (partition, offset) in wanted {
        from.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    if wanted.is_empty() {
        return Ok(vec![]);
    }
    consumer.assign(&from)?;
    let (mut waiting, mut found) = (wanted.keys().copied().collect::<BTreeSet<i32>>(), vec![]);
    let asked = Instant::now();
    while !waiting.is_empty() {
        let Some(polled) = consumer.poll(MESSAGES_WITHIN.saturating_sub(asked.elapsed())) else {
            return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
        };
        match polled {
            Ok(message) => {
                let is_first = waiting.remove(&message.partition());
                if is_first && wanted.get(&message.partition()) == Some(&message.offset()) {
                    found.push(message.detach());
                }
            }
            Err(KafkaError::PartitionEOF(partition)) => drop(waiting.remove(&partition)),
            // librdkafka recovers by itself
            Err(error) => {
                tracing::debug!(%error, topic, "Kafka reported an error while a topic was inspected; librdkafka retries")
            }
        }
    }
    Ok(found)
}
