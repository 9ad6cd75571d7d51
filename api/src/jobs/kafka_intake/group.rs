//! Membership in the consumer group. When the group gives partitions out, nothing is read of them until
//! they are taken over in the database: only the rows there know from where. It knows no database.

use std::sync::{Mutex, PoisonError};

use projections::Brokers;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};

/// How long the group waits for a member that says nothing before its partitions are given to others,
/// in milliseconds.
const SESSION_MS: &str = "6000";
/// How often a member says that it is there, in milliseconds.
const HEARTBEAT_MS: &str = "2000";
/// How much may be fetched ahead, in KiB.
const AHEAD_KIB: &str = "16384";

/// Joins the group and asks for its share of the topic.
pub(super) fn join(brokers: &Brokers, group: &str, topic: &str) -> Result<BaseConsumer<Membership>, KafkaError> {
    let consumer: BaseConsumer<Membership> = brokers
        .client()
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // what the broker has deleted by now is gone: the first message that is left is next
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", SESSION_MS)
        .set("heartbeat.interval.ms", HEARTBEAT_MS)
        .set("queued.max.messages.kbytes", AHEAD_KIB)
        .create_with_context(Membership::default())?;
    consumer.subscribe(&[topic])?;
    Ok(consumer)
}

/// What the group has given us, and whether we have taken it over.
#[derive(Default)]
pub(super) struct Membership {
    share: Mutex<Share>,
}

#[derive(Default)]
struct Share {
    partitions: Vec<i32>,
    to_take_over: bool,
}

impl Membership {
    /// The partitions that are ours and wait to be taken over.
    pub(super) fn to_take_over(&self) -> Option<Vec<i32>> {
        self.with(|share| share.to_take_over.then(|| share.partitions.clone()))
    }

    /// Reads them from these offsets on.
    pub(super) fn read_from(
        &self,
        consumer: &BaseConsumer<Self>,
        topic: &str,
        offsets: &[(i32, i64)],
    ) -> Result<(), KafkaError> {
        let mut from = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            from.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
        }
        // between two shares of the group there is nothing to assign
        if !offsets.is_empty() {
            consumer.assign(&from)?;
        }
        self.with(|share| share.to_take_over = false);
        Ok(())
    }

    /// Reads nothing until they are taken over once more.
    pub(super) fn take_over_again(&self, consumer: &BaseConsumer<Self>) -> Result<(), KafkaError> {
        self.with(|share| share.to_take_over = true);
        consumer.assign(&TopicPartitionList::new())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Share) -> T) -> T {
        look(&mut self.share.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientContext for Membership {}

impl ConsumerContext for Membership {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, told: RDKafkaRespErr, given: &mut TopicPartitionList) {
        let assigned = told == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let partitions = given.elements().iter().map(|element| element.partition()).collect();
        self.with(|share| {
            share.partitions = if assigned { partitions } else { vec![] };
            share.to_take_over = true;
        });
        let answered = if assigned { consumer.assign(&TopicPartitionList::new()) } else { consumer.unassign() };
        if let Err(reason) = answered {
            tracing::warn!(%reason, "Kafka intake: cannot apply the partition assignment");
        }
    }
}
