//! What stands at a place of a topic: by that a saved place knows whether it is of this topic or of one that was there
//! under the same name. A topic that was deleted and made again counts its messages from 0. Kafka has ids for topics, and
//! the client no safe call that asks for them: the cluster's id and the message itself tell as much.
//!
//! Everything here waits for the broker, so that it belongs on a thread that may.

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
/// How long the messages may take to come.
const MESSAGES_WITHIN: Duration = Duration::from_secs(10);
/// What may be fetched ahead, in KiB: only the first message of each partition is looked at.
const AHEAD_KIB: &str = "1024";
/// How much of a partition is asked for, in bytes.
const FETCH_BYTES: &str = "65536";

/// What is on a topic now, at the places that were asked for.
#[derive(Debug)]
pub struct TopicSnapshot {
    /// The id of the cluster, where it says one.
    pub cluster: Option<String>,
    /// By partition.
    pub partitions: BTreeMap<i32, PartitionSnapshot>,
}

/// What is in one partition now.
#[derive(Debug)]
pub struct PartitionSnapshot {
    /// The offset of the first message that is left.
    pub first: i64,
    /// The offset behind the last one.
    pub end: i64,
    /// The message at the offset that was asked for.
    pub message: Option<OwnedMessage>,
}

impl TopicSnapshot {
    /// How many messages were ever written to the partitions that were asked for.
    #[must_use]
    pub fn written(&self) -> i64 {
        self.partitions.values().map(|at| at.end).sum()
    }

    /// Whether the place was saved on another cluster. One that does not say its id may be any.
    #[must_use]
    pub fn is_elsewhere(&self, saved: Option<&str>) -> bool {
        saved.zip(self.cluster.as_deref()).is_some_and(|(saved, now)| saved != now)
    }
}

impl Brokers {
    /// Looks at offsets of a topic, by partition; `None` asks only where the partition begins and ends.
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

/// The messages at these offsets, of those that are there: a hole is none.
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
            // librdkafka goes on by itself
            Err(error) => {
                tracing::debug!(%error, topic, "Kafka reported an error while a topic was inspected; librdkafka retries")
            }
        }
    }
    Ok(found)
}
