//! The producer of one session: what it must never do is let one message overtake another.

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

/// The most messages that are handed over and not acknowledged, here and in the loop's largest batch …
const QUEUE_MESSAGES: &str = "10000";
/// … and the most KiB of them: with the broker away, memory is bounded by this.
const QUEUE_KIB: &str = "16384";
/// The largest message for the client itself, in bytes: as much as may wait. What the topic takes is for the broker to
/// say, so that an operator who raises the topic's limit need change nothing here. An event of today has 256 KiB at most;
/// one that was appended earlier may have more.
const LARGEST_BYTES: &str = "16777216";
/// The largest request, in bytes, where the topic takes larger ones.
const BATCH_BYTES: usize = 1_000_000;
/// How long a broker may take to say how large a message may be.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A producer.
pub(super) struct Sender(FutureProducer);

/// Why a message was not handed over.
pub(super) enum Refused {
    /// There is no room for it now.
    QueueFull,
    /// Something else.
    Otherwise(KafkaError),
}

impl Sender {
    /// A producer for a topic that is there.
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

    /// Hands a message over.
    pub(super) fn send(&self, entry: &Entry, topic: &Topic) -> Result<DeliveryFuture, Refused> {
        let record = message::record(entry, &topic.name, &topic.ce_source);
        self.0.send_result(record).map_err(|(error, _)| match error {
            KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => Refused::QueueFull,
            error => Refused::Otherwise(error),
        })
    }

    /// What is handed over and not on its way is not sent any more.
    pub(super) fn forget_all(&self) {
        self.0.purge(PurgeConfig::default().queue().inflight());
    }
}

/// How large a message of the topic may be, where the broker says so.
async fn largest_message(topic: &Topic) -> Option<usize> {
    let admin: AdminClient<DefaultClientContext> = topic.brokers.client().create().ok()?;
    let options = AdminOptions::new().request_timeout(Some(ANSWER_WITHIN));
    let described = admin.describe_configs([&ResourceSpecifier::Topic(&topic.name)], &options).await.ok()?;
    let config = described.into_iter().next()?.ok()?;
    let entries: HashMap<_, _> = config.entry_map();
    entries.get("max.message.bytes")?.value.as_ref()?.parse().ok()
}
