//! Reads the dead letters back, from the first that is left to the last that was there when asked, without
//! joining a group. A thread of its own reads ahead a little, whoever asked sets the pace.

use std::collections::BTreeMap;
use std::time::Duration;

use projections::{Brokers, ReadToEnd};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tokio::sync::mpsc;

use super::super::message::{self, Header};
use super::{DETAIL, REASON, headers, topic_of};

/// How long the broker may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How many letters are read ahead.
const AHEAD: usize = 256;
/// In how many partitions the latest dead letters are searched; the topic is created with one.
const LOOKED_AT_PARTITIONS: usize = 16;

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

/// The dead letters to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// Those of one partition from one offset to another.
    Between {
        /// The partition.
        partition: i32,
        /// The first offset.
        first: i64,
        /// The last one.
        last: i64,
    },
}

impl Which {
    /// The range of a partition that contains all of these offsets.
    #[must_use]
    pub fn between(partition: i32, offsets: &[i64]) -> Self {
        let first = offsets.iter().min().copied().unwrap_or_default();
        let last = offsets.iter().max().copied().unwrap_or_default();
        Self::Between { partition, first, last }
    }

    /// Limits the existing ranges to the requested ones.
    fn cut(self, mut pieces: Pieces) -> Pieces {
        if let Self::Between { partition, first, last } = self {
            pieces.retain(|found, _| *found == partition);
            for (from, end) in pieces.values_mut() {
                (*from, *end) = ((*from).max(first), (*end).min(last.saturating_add(1)));
            }
            pieces.retain(|_, (from, end)| from < end);
        }
        pieces
    }
}

/// For each partition the first offset to read, and the one after the last.
type Pieces = BTreeMap<i32, (i64, i64)>;

/// The latest dead letters of a topic of facts, latest first, and their number. Each request to the broker has this
/// timeout.
///
/// # Errors
/// The broker's.
pub async fn latest(
    brokers: &Brokers,
    group: &str,
    activities: &str,
    most: usize,
    within: Duration,
) -> Result<(i64, Vec<DeadLetter>), KafkaError> {
    let (client, topic) = (client(brokers, group), topic_of(activities));
    let reading = move || -> Result<(i64, Vec<DeadLetter>), KafkaError> {
        let consumer = client.create_with_context::<_, BaseConsumer<_>>(ReadToEnd)?;
        let mut pieces = ends(&consumer, &topic, within)?;
        let count = pieces.values().map(|(first, end)| end - first).sum();
        let most_of_each = i64::try_from(most).unwrap_or(i64::MAX);
        pieces.values_mut().for_each(|(first, end)| *first = (*first).max(end.saturating_sub(most_of_each)));
        let pieces: Pieces = pieces.into_iter().take(LOOKED_AT_PARTITIONS).collect();
        let mut letters = vec![];
        read(&consumer, &topic, pieces, within, |letter| {
            letters.push(letter);
            true
        })?;
        letters.sort_by_key(|letter: &DeadLetter| {
            std::cmp::Reverse((letter.refused_at_ms(), letter.partition(), letter.offset()))
        });
        letters.truncate(most);
        Ok((count, letters))
    };
    tokio::task::spawn_blocking(reading).await.map_err(|_| KafkaError::Canceled)?
}

/// The dead letters of a topic of facts, partition by partition in order. An error ends the stream early.
pub fn look(
    brokers: &Brokers,
    group: &str,
    activities: &str,
    which: Which,
) -> mpsc::Receiver<Result<DeadLetter, KafkaError>> {
    let (found, letters) = mpsc::channel(AHEAD);
    let (client, topic) = (client(brokers, group), topic_of(activities));
    tokio::task::spawn_blocking(move || {
        let ended = client.create_with_context::<_, BaseConsumer<_>>(ReadToEnd).and_then(|consumer| {
            let pieces = which.cut(ends(&consumer, &topic, ANSWER_WITHIN)?);
            // the receiver may be gone
            read(&consumer, &topic, pieces, ANSWER_WITHIN, |letter| found.blocking_send(Ok(letter)).is_ok())
        });
        if let Err(error) = ended {
            let _ = found.blocking_send(Err(error));
        }
    });
    letters
}

fn client(brokers: &Brokers, group: &str) -> ClientConfig {
    let mut client = brokers.client();
    client.set("group.id", group).set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    client
}

/// Reads ranges of partitions until their end, or until the receiver is gone.
fn read(
    consumer: &BaseConsumer<ReadToEnd>,
    topic: &str,
    mut pieces: Pieces,
    within: Duration,
    mut take: impl FnMut(DeadLetter) -> bool,
) -> Result<(), KafkaError> {
    let mut from = TopicPartitionList::new();
    for (partition, (first, _)) in &pieces {
        from.add_partition_offset(topic, *partition, Offset::Offset(*first))?;
    }
    consumer.assign(&from)?;
    while !pieces.is_empty() {
        match consumer.poll(within) {
            None => return Err(KafkaError::MessageConsumption(rdkafka::types::RDKafkaErrorCode::OperationTimedOut)),
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(pieces.remove(&partition)),
            Some(Err(error)) => return Err(error),
            Some(Ok(message)) => {
                let (partition, next) = (message.partition(), message.offset() + 1);
                let end = pieces.get(&partition).map(|(_, end)| *end).unwrap_or_default();
                if next <= end && !take(DeadLetter { message: message.detach() }) {
                    return Ok(());
                }
                if next >= end {
                    pieces.remove(&partition);
                }
            }
        }
    }
    Ok(())
}

/// The current range of each partition with messages; empty if the topic does not exist.
fn ends(consumer: &BaseConsumer<ReadToEnd>, topic: &str, within: Duration) -> Result<Pieces, KafkaError> {
    let metadata = consumer.fetch_metadata(None, within)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
    let mut ends = BTreeMap::new();
    for partition in found.into_iter().flat_map(|topic| topic.partitions()) {
        let (first, end) = consumer.fetch_watermarks(topic, partition.id(), within)?;
        if first < end {
            ends.insert(partition.id(), (first, end));
        }
    }
    Ok(ends)
}
