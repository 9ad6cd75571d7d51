//! Reads a topic page by page, from its first message to the end as it was when last asked for. It joins no group,
//! stores no offset, and does not know what messages contain.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Message, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};

use super::TopicVerificationError;
use crate::kafka::brokers::ReadToEnd;
use crate::kafka::topic::Topic;

/// The most messages of a page …
const PAGE_MESSAGES: usize = 2_000;
/// … and roughly the most bytes.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// How much librdkafka fetches ahead, in KiB.
const AHEAD_KIB: &str = "8192";
/// How long a partition may be without a leader, which alone knows its offsets: it may be new, or its broker may just
/// have failed.
const LEADER_WITHIN: Duration = Duration::from_secs(30);
/// How long the supposed leader may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long to wait before asking again.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// How long to wait for a message that must exist.
const MESSAGE_WITHIN: Duration = Duration::from_secs(30);

/// A topic that is being read.
pub(super) struct Reader {
    consumer: Arc<StreamConsumer<ReadToEnd>>,
    topic: String,
    partitions: BTreeMap<i32, Place>,
}

/// The reader's state in a partition, in offsets.
#[derive(Debug, Clone, Copy)]
struct Place {
    first: i64,
    next: i64,
    end: i64,
    says: AboutTheEnd,
}

/// What the broker has answered about the messages between `next` and `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AboutTheEnd {
    /// Nothing since the end was last asked for.
    Nothing,
    /// That there are none. It may have answered before the last messages arrived, so that it is asked again.
    NothingComes,
    /// The same a second time: the offsets between hold no messages, but transaction markers, say.
    NothingComesIndeed,
}

impl Reader {
    /// Starts at the first message of each partition.
    pub(super) async fn open(topic: &Topic, partitions: i32) -> Result<Self, TopicVerificationError> {
        let consumer = consumer(topic)?;
        let (mut assignment, mut places) = (TopicPartitionList::new(), BTreeMap::new());
        for (partition, (first, end)) in watermarks(&consumer, &topic.name, 0..partitions).await? {
            places.insert(partition, Place { first, next: first, end, says: AboutTheEnd::Nothing });
            assignment.add_partition_offset(&topic.name, partition, Offset::Offset(first))?;
        }
        consumer.assign(&assignment)?;
        Ok(Self { consumer, topic: topic.name.clone(), partitions: places })
    }

    /// Asks for the present end of each partition, up to which [`Reader::page`] reads.
    pub(super) async fn look(&mut self) -> Result<(), TopicVerificationError> {
        for (partition, (_, end)) in watermarks(&self.consumer, &self.topic, self.partitions.keys().copied()).await? {
            if let Some(place) = self.partitions.get_mut(&partition) {
                *place = Place { end, says: AboutTheEnd::Nothing, ..*place };
            }
        }
        Ok(())
    }

    /// How many messages were read, and how many there are in all.
    pub(super) fn read(&self) -> (i64, i64) {
        let places = self.partitions.values();
        places.fold((0, 0), |(done, all), place| (done + place.next - place.first, all + place.end - place.first))
    }

    /// The first offset of a partition; above 0 when earlier messages were deleted.
    pub(super) fn first(&self, partition: i32) -> i64 {
        self.partitions.get(&partition).map_or(0, |place| place.first)
    }

    /// Whether nothing was ever written to the topic, up to the known ends.
    pub(super) fn is_new(&self) -> bool {
        self.partitions.values().all(|place| place.end == 0)
    }

    fn is_through(&self) -> bool {
        self.partitions.values().all(|place| place.next >= place.end || place.says == AboutTheEnd::NothingComesIndeed)
    }

    /// The next messages, in the order of each partition; empty at the known ends.
    pub(super) async fn page(&mut self) -> Result<Vec<OwnedMessage>, TopicVerificationError> {
        let (mut page, mut bytes) = (Vec::new(), 0);
        let mut heard = Instant::now();
        let mut trouble = "no message comes".to_owned();
        while page.len() < PAGE_MESSAGES && bytes < PAGE_BYTES && !self.is_through() {
            let patience = MESSAGE_WITHIN.saturating_sub(heard.elapsed());
            match tokio::time::timeout(patience, self.consumer.recv()).await {
                Err(_) => {
                    return Err(TopicVerificationError::Kafka(format!("{trouble} for {} s", MESSAGE_WITHIN.as_secs())));
                }
                Ok(Ok(message)) => {
                    heard = Instant::now();
                    bytes += message.payload_len() + message.key_len();
                    if let Some(place) = self.partitions.get_mut(&message.partition()) {
                        place.next = message.offset() + 1;
                    }
                    page.push(message.detach());
                }
                Ok(Err(KafkaError::PartitionEOF(partition))) => {
                    self.nothing_comes(partition)?;
                }
                // librdkafka recovers by itself
                Ok(Err(error)) => trouble = error.to_string(),
            }
        }
        Ok(page)
    }

    fn nothing_comes(&mut self, partition: i32) -> Result<(), TopicVerificationError> {
        let Some(place) = self.partitions.get_mut(&partition).filter(|place| place.next < place.end) else {
            return Ok(());
        };
        place.says = match place.says {
            AboutTheEnd::Nothing => {
                // an answer from before a seek does not count after it
                self.consumer.seek(&self.topic, partition, Offset::Offset(place.next), Duration::ZERO)?;
                AboutTheEnd::NothingComes
            }
            AboutTheEnd::NothingComes | AboutTheEnd::NothingComesIndeed => AboutTheEnd::NothingComesIndeed,
        };
        Ok(())
    }
}

fn consumer(topic: &Topic) -> Result<Arc<StreamConsumer<ReadToEnd>>, TopicVerificationError> {
    let mut client = topic.brokers.client();
    client
        // librdkafka requires one; the group is never joined
        .set("group.id", "reward-ledger-verify")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("check.crcs", "true")
        .set("queued.max.messages.kbytes", AHEAD_KIB);
    Ok(Arc::new(client.create_with_context(ReadToEnd)?))
}

/// For each partition, the first offset and the one after the last.
type Watermarks = Vec<(i32, (i64, i64))>;

/// All partitions are asked for concurrently.
async fn watermarks(
    consumer: &Arc<StreamConsumer<ReadToEnd>>,
    topic: &str,
    partitions: impl Iterator<Item = i32>,
) -> Result<Watermarks, TopicVerificationError> {
    let asked = partitions.map(|partition| {
        let (consumer, topic) = (Arc::clone(consumer), topic.to_owned());
        let ask = move || Ok((partition, watermarks_within(&consumer, &topic, partition)?));
        async {
            tokio::task::spawn_blocking(ask).await.map_err(|error| TopicVerificationError::Kafka(error.to_string()))?
        }
    });
    futures::future::try_join_all(asked).await
}

/// Repeats the question until there is a leader.
fn watermarks_within(consumer: &StreamConsumer<ReadToEnd>, topic: &str, partition: i32) -> KafkaResult<(i64, i64)> {
    let asked = Instant::now();
    loop {
        match consumer.fetch_watermarks(topic, partition, ANSWER_WITHIN) {
            Err(_) if asked.elapsed() < LEADER_WITHIN => {
                std::thread::sleep(ASK_AGAIN);
                // librdkafka keeps asking the leader that it knows; this refreshes its metadata
                let _ = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN);
            }
            answer => return answer,
        }
    }
}
