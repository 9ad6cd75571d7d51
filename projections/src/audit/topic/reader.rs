//! Reads a topic from its first message to where it ends when somebody looks, page by page. It joins no
//! group, stores no offset, and knows nothing of what the messages say.

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
/// … and about how many bytes they may have.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// What librdkafka may fetch ahead, in KiB.
const AHEAD_KIB: &str = "8192";
/// How long a partition may be without a leader, which alone can say where it begins and ends: it was just
/// made, or its broker was lost a moment ago.
const LEADER_WITHIN: Duration = Duration::from_secs(30);
/// How long whoever seems to lead it may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// After how long it is asked again when it does not say.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// How long a broker may leave us waiting for a message that must be there.
const MESSAGE_WITHIN: Duration = Duration::from_secs(30);

/// A topic that is being read.
pub(super) struct Reader {
    consumer: Arc<StreamConsumer<ReadToEnd>>,
    topic: String,
    partitions: BTreeMap<i32, Place>,
}

/// Where the reader is in a partition: offsets.
#[derive(Debug, Clone, Copy)]
struct Place {
    first: i64,
    next: i64,
    end: i64,
    says: AboutTheEnd,
}

/// What the broker says of what comes after `next` when `end` is further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AboutTheEnd {
    /// Nothing since it was looked.
    Nothing,
    /// That nothing comes; it may have said so before the last messages were there, so it is asked again.
    NothingComes,
    /// The same again: what lies between are marks of transactions, say, and none of ours.
    NothingComesIndeed,
}

impl Reader {
    /// Begins at the first message of each partition.
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

    /// Looks where the partitions end now: [`Reader::page`] reads up to there.
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

    /// The first offset of a partition: not 0 when something was deleted before it.
    pub(super) fn first(&self, partition: i32) -> i64 {
        self.partitions.get(&partition).map_or(0, |place| place.first)
    }

    /// Whether nothing was ever written to the topic, as far as was looked.
    pub(super) fn is_new(&self) -> bool {
        self.partitions.values().all(|place| place.end == 0)
    }

    fn is_through(&self) -> bool {
        self.partitions.values().all(|place| place.next >= place.end || place.says == AboutTheEnd::NothingComesIndeed)
    }

    /// The next messages, in the order of each partition; empty where the topic ended when it was looked.
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
                // librdkafka goes on by itself
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
                // what was said before a seek is not heard after it
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
        // asked for by librdkafka, never joined
        .set("group.id", "reward-ledger-verify")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("check.crcs", "true")
        .set("queued.max.messages.kbytes", AHEAD_KIB);
    Ok(Arc::new(client.create_with_context(ReadToEnd)?))
}

/// Of each partition, the first offset and the one after the last.
type Watermarks = Vec<(i32, (i64, i64))>;

/// All are asked for at once.
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

/// Asks until there is a leader.
fn watermarks_within(consumer: &StreamConsumer<ReadToEnd>, topic: &str, partition: i32) -> KafkaResult<(i64, i64)> {
    let asked = Instant::now();
    loop {
        match consumer.fetch_watermarks(topic, partition, ANSWER_WITHIN) {
            Err(_) if asked.elapsed() < LEADER_WITHIN => {
                std::thread::sleep(ASK_AGAIN);
                // librdkafka goes on asking whom it knows as the leader; this tells it who that is now
                let _ = consumer.fetch_metadata(Some(topic), ANSWER_WITHIN);
            }
            answer => return answer,
        }
    }
}
