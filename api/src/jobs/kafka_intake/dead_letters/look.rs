//! Reads the dead letters back, from the first that is left to the last that was there when asked, without
//! joining a group. A thread of its own reads ahead a little, whoever asked sets the pace.

use std::collections::BTreeMap;
use std::time::Duration;

use projections::{Brokers, ReadToEnd};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use rdkafka::{Message, Offset, TopicPartitionList};
use tokio::sync::mpsc;

use super::super::message::{self, Header};
use super::{DETAIL, REASON, headers, topic_of};

/// How long the broker may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How many letters are read ahead.
const AHEAD: usize = 256;

/// A dead letter as it stands on its topic.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    pub(super) message: OwnedMessage,
}

impl DeadLetter {
    /// The partition it is in.
    #[must_use]
    pub fn partition(&self) -> i32 {
        self.message.partition()
    }

    /// Its place there.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.message.offset()
    }

    /// When it was refused, in milliseconds since 1970.
    #[must_use]
    pub fn refused_at_ms(&self) -> i64 {
        self.message.timestamp().to_millis().unwrap_or_default()
    }

    /// The code of the reason.
    #[must_use]
    pub fn reason(&self) -> String {
        self.added(REASON)
    }

    /// The reason in words.
    #[must_use]
    pub fn detail(&self) -> String {
        self.added(DETAIL)
    }

    /// The source and the id of its fact, where it is one fact and they can be read.
    #[must_use]
    pub fn identity(&self) -> (Option<String>, Option<String>) {
        message::identity(&self.original_headers(), self.message.payload())
    }

    /// The headers it came with: those behind them are ours.
    pub(super) fn original_headers(&self) -> Vec<Header<'_>> {
        let mut headers = headers(&self.message);
        if let [.., (REASON, _), (DETAIL, _)] = headers[..] {
            headers.truncate(headers.len() - 2);
        }
        headers
    }

    fn added(&self, name: &str) -> String {
        let headers = headers(&self.message);
        let value = headers.iter().rev().find(|(key, _)| *key == name).and_then(|(_, value)| *value);
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    }
}

/// All dead letters of a topic of facts, partition by partition in order, and the error where it ended early.
pub fn look(brokers: &Brokers, group: &str, activities: &str) -> mpsc::Receiver<Result<DeadLetter, KafkaError>> {
    let (found, letters) = mpsc::channel(AHEAD);
    let mut client = brokers.client();
    client.set("group.id", group).set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    let topic = topic_of(activities);
    tokio::task::spawn_blocking(move || {
        let ended = client
            .create_with_context::<_, BaseConsumer<_>>(ReadToEnd)
            .and_then(|consumer| read(&consumer, &topic, &found));
        if let Err(error) = ended {
            let _ = found.blocking_send(Err(error));
        }
    });
    letters
}

fn read(
    consumer: &BaseConsumer<ReadToEnd>,
    topic: &str,
    found: &mpsc::Sender<Result<DeadLetter, KafkaError>>,
) -> Result<(), KafkaError> {
    let mut ends = ends(consumer, topic)?;
    let mut from = TopicPartitionList::new();
    for partition in ends.keys() {
        from.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&from)?;
    while !ends.is_empty() {
        match consumer.poll(ANSWER_WITHIN) {
            None => return Err(KafkaError::MessageConsumption(rdkafka::types::RDKafkaErrorCode::OperationTimedOut)),
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(ends.remove(&partition)),
            Some(Err(error)) => return Err(error),
            Some(Ok(message)) => {
                let (partition, next) = (message.partition(), message.offset() + 1);
                let end = ends.get(&partition).copied().unwrap_or_default();
                if next <= end && found.blocking_send(Ok(DeadLetter { message: message.detach() })).is_err() {
                    return Ok(()); // nobody listens any more
                }
                if next >= end {
                    ends.remove(&partition);
                }
            }
        }
    }
    Ok(())
}

/// Where each partition that has messages ends now; nothing when there is no such topic.
fn ends(consumer: &BaseConsumer<ReadToEnd>, topic: &str) -> Result<BTreeMap<i32, i64>, KafkaError> {
    let metadata = consumer.fetch_metadata(None, ANSWER_WITHIN)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
    let mut ends = BTreeMap::new();
    for partition in found.into_iter().flat_map(|topic| topic.partitions()) {
        let (first, end) = consumer.fetch_watermarks(topic, partition.id(), ANSWER_WITHIN)?;
        if first < end {
            ends.insert(partition.id(), end);
        }
    }
    Ok(ends)
}
