//! The producer of one session. It must never let one message overtake another.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryFuture, FutureProducer, Producer, PurgeConfig};
use rdkafka::types::RDKafkaErrorCode;

use crate::engine::error::FollowError;
use crate::kafka::topic::{Topic, made, message};
use crate::log::Entry;

/// The most messages that may wait for an acknowledgement, and the largest batch of the loop …
const QUEUE_MESSAGES: &str = "10000";
/// … and the most KiB of them: the bound of memory while the broker is away.
const QUEUE_KIB: &str = "16384";
/// The largest message that the client sends, in bytes: as much as may wait in all. The broker enforces the limit of
/// the topic, so that an operator who raises that limit need change nothing here. New events have at most 256 KiB;
/// events of earlier versions may be larger.
const LARGEST_BYTES: &str = "16777216";
/// The largest request, in bytes, where the topic takes larger ones.
const BATCH_BYTES: usize = 1_000_000;
/// How long a broker may take to tell the largest message that it accepts.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A producer.
pub(super) struct Sender(FutureProducer);

/// Why librdkafka did not take a message.
pub(super) enum Refused {
    /// Its queue is full.
    QueueFull,
    /// Any other error.
    Otherwise(KafkaError),
}

impl Sender {
    /// A producer for an existing topic.
    pub(super) async fn open(topic: &Topic) -> Result<Self, FollowError> {
        // the broker refuses a request that is larger than a message may be, also when no message in it is
        let batch = largest_message(topic).await.unwrap_or(BATCH_BYTES).clamp(1, BATCH_BYTES);
        let producer = topic
            .brokers
            .client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // never given up by time: a message that was given up would be overtaken by those behind it
            .set("message.timeout.ms", "0")
            // nor are those behind a message that is refused for ever
            .set("enable.gapless.guarantee", "true")
            .set("linger.ms", "1")
            .set("message.max.bytes", LARGEST_BYTES)
            .set("batch.size", batch.to_string())
            .set("queue.buffering.max.messages", QUEUE_MESSAGES)
            .set("queue.buffering.max.kbytes", QUEUE_KIB)
            .set("compression.type", "zstd")
            // the partition that every Java client would choose for the key
            .set("partitioner", "murmur2_random")
            // its warning that the guarantee is experimental is nothing that an operator could act on; it comes before
            // the level of the wrapper is set
            .set("log_level", "3")
            .set_log_level(RDKafkaLogLevel::Error)
            .create()
            .map_err(made::trouble)?;
        Ok(Self(producer))
    }

    /// Hands a message to librdkafka.
    pub(super) fn send(&self, entry: &Entry, topic: &Topic) -> Result<DeliveryFuture, Refused> {
        let record = message::record(entry, &topic.name, &topic.ce_source);
        self.0.send_result(record).map_err(|(error, _)| match error {
            KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => Refused::QueueFull,
            error => Refused::Otherwise(error),
        })
    }

    /// Drops the messages that were handed to librdkafka and are not in a request yet.
    pub(super) fn forget_all(&self) {
        self.0.purge(PurgeConfig::default().queue().inflight());
    }
}

/// The largest message of the topic in bytes, if the broker tells it.
async fn largest_message(topic: &Topic) -> Option<usize> {
    let admin: AdminClient<DefaultClientContext> = topic.brokers.client().create().ok()?;
    let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN));
    let described = admin.describe_configs([&ResourceSpecifier::Topic(&topic.name)], &options).await.ok()?;
    let config = described.into_iter().next()?.ok()?;
    let entries: HashMap<_, _> = config.entry_map();
    entries.get("max.message.bytes")?.value.as_ref()?.parse().ok()
}
