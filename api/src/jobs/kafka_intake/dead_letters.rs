//! The topic for what is not taken: each message as it came (key, value, headers), with two headers
//! behind its own that say why. A message is there before its offset is saved, so that none is lost;
//! after a crash between the two it may be there twice.

mod look;
mod replay;

use projections::Brokers;
use rdkafka::Message;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};

use super::message;
use super::refused::Refused;

pub use look::{DeadLetter, Which, latest, look};
pub use replay::{PutBack, Replay, ReplayError};

/// How many partitions the topic is made with.
pub const PARTITIONS: i32 = 1;
/// The header that has the code of the reason.
pub const REASON: &str = "reason";
/// The header that says more for people, and where the message stood.
pub const DETAIL: &str = "detail";
/// Said of a dead letter without its value.
const STAYS_BEHIND: &str = "is too large for this topic and stays behind";
/// How long one message may take until it counts as not sent, in milliseconds.
const DELIVERY_MS: &str = "10000";
/// How large a message may be for us; what the broker takes is its decision.
const LARGEST_BYTES: &str = "100000000";

/// Where refused messages of a topic go.
#[must_use]
pub fn topic_of(activities: &str) -> String {
    format!("{activities}.dead-letter")
}

/// Sends what is not taken to where people find it.
pub(super) struct DeadLetters {
    producer: FutureProducer,
    topic: String,
}

impl DeadLetters {
    pub(super) fn new(brokers: &Brokers, activities: &str) -> Result<Self, KafkaError> {
        Ok(Self { producer: producer(brokers)?, topic: topic_of(activities) })
    }

    /// Sends them in order and waits until the broker has them all.
    pub(super) async fn send(&self, letters: &[(&OwnedMessage, Refused)]) -> Result<(), KafkaError> {
        let mut on_their_way = Vec::with_capacity(letters.len());
        for (message, refused) in letters {
            let headers = with_reason(message, refused);
            on_their_way.push(send(&self.producer, &self.topic, message, headers, message.payload())?);
        }
        for (delivery, (message, refused)) in on_their_way.into_iter().zip(letters) {
            match delivered(delivery).await {
                Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge)) => {
                    let headers = with_reason(message, &without_value(message, refused));
                    delivered(send(&self.producer, &self.topic, message, headers, None)?).await?;
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }
}

/// A producer for messages of others: it adds nothing of its own.
fn producer(brokers: &Brokers) -> Result<FutureProducer, KafkaError> {
    brokers
        .client()
        .set("acks", "all")
        .set("message.timeout.ms", DELIVERY_MS)
        .set("message.max.bytes", LARGEST_BYTES)
        .set("compression.type", "zstd")
        // the partition that every Java client would choose for the key
        .set("partitioner", "murmur2_random")
        .create()
}

fn send(
    producer: &FutureProducer,
    topic: &str,
    message: &OwnedMessage,
    headers: OwnedHeaders,
    payload: Option<&[u8]>,
) -> Result<DeliveryFuture, KafkaError> {
    let mut record: FutureRecord<'_, [u8], [u8]> = FutureRecord::to(topic).headers(headers);
    record.key = message.key();
    record.payload = payload;
    producer.send_result(record).map_err(|(error, _)| error)
}

async fn delivered(delivery: DeliveryFuture) -> Result<(), KafkaError> {
    match delivery.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err((error, _))) => Err(error),
        Err(_) => Err(KafkaError::Canceled),
    }
}

/// The headers of a message, in order.
pub(super) fn headers(message: &OwnedMessage) -> Vec<message::Header<'_>> {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    headers.map(|header| (header.key, header.value)).collect()
}

fn with_reason(message: &OwnedMessage, refused: &Refused) -> OwnedHeaders {
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    let detail = format!("{} ({topic}, partition {partition}, offset {offset})", refused.detail);
    let headers = message.headers().cloned().unwrap_or_else(|| OwnedHeaders::new_with_capacity(2));
    headers
        .insert(Header { key: REASON, value: Some(refused.reason) })
        .insert(Header { key: DETAIL, value: Some(&detail) })
}

/// The broker takes no dead letter of this size: all but the value is kept, and where to find that.
fn without_value(message: &OwnedMessage, refused: &Refused) -> Refused {
    let bytes = message.payload().map_or(0, <[u8]>::len);
    let detail = format!("{}; its value of {bytes} bytes {STAYS_BEHIND}", refused.detail);
    Refused { reason: refused.reason, detail }
}
