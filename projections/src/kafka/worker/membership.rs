//! The callbacks of librdkafka when the group assigns and revokes partitions. Each assigned partition is taken over in
//! the database before it is read. This keeps which partitions are ours and how each is read; the session reads them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use sqlx::PgPool;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::engine::error::FollowError;
use crate::engine::projection::Projection;
use crate::log;

use super::table::{self, ResumePoint, TakenOver};

/// How often to log that the broker does not answer.
const TELL: Duration = Duration::from_secs(10);
/// How long a broker may take to answer.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A partition that is assigned to this member.
#[derive(Debug, Clone, Copy)]
pub(super) struct AssignedPartition {
    pub(super) epoch: i64,
    pub(super) saved_offset: Option<i64>,
    pub(super) stage: Stage,
}

/// How a partition is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// From the log up to a position, then from the topic at an offset.
    FromTheLog { position: i64, until: i64, then: i64 },
    /// From the topic; the next message must be the last one that was seen before.
    Recognising(ResumePoint),
    /// From the topic, from this offset on.
    FromTheTopic { next: i64 },
}

/// The consumer context with the callbacks.
pub(super) struct Membership<P> {
    pool: PgPool,
    runtime: Handle,
    owner: Uuid,
    topic: String,
    state: Mutex<Assignment>,
    told_at: Mutex<Option<Instant>>,
    of: std::marker::PhantomData<fn() -> P>,
}

#[derive(Default)]
pub(super) struct Assignment {
    pub(super) held: BTreeMap<i32, AssignedPartition>,
    pub(super) failure: Option<FollowError>,
}

impl<P: Projection> ClientContext for Membership<P> {
    /// Limits the log messages: librdkafka reports every attempt to reach a broker that is away.
    fn error(&self, error: KafkaError, reason: &str) {
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_none_or(|told_at| told_at.elapsed() > TELL) {
            *told_at = Some(Instant::now());
            tracing::warn!(projection = P::NAME, %error, reason, "Kafka worker cannot reach the brokers; librdkafka retries");
        }
    }
}

impl<P: Projection> ConsumerContext for Membership<P> {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, reason: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let done = if reason == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.take_on(consumer, partitions)
        } else {
            for partition in numbers(partitions) {
                self.state().held.remove(&partition);
            }
            consumer.incremental_unassign(partitions).map_err(trouble)
        };
        if let Err(error) = done {
            self.state().failure = Some(error);
        }
    }
}

impl<P: Projection> Membership<P> {
    pub(super) fn new(pool: PgPool, runtime: Handle, owner: Uuid, topic: String) -> Self {
        let (state, told_at) = (Mutex::default(), Mutex::default());
        Self { pool, runtime, owner, topic, state, told_at, of: std::marker::PhantomData }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, Assignment> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes assigned partitions over in the database. The assignment is confirmed in any case, because the group waits
    /// for it.
    fn take_on(&self, consumer: &BaseConsumer<Self>, given: &TopicPartitionList) -> Result<(), FollowError> {
        let held = self.begin(consumer, &numbers(given));
        let mut assigned = TopicPartitionList::new();
        let mut from_the_log = TopicPartitionList::new();
        for partition in numbers(given) {
            let stage = held.as_ref().ok().and_then(|held| held.get(&partition)).map(|held| held.stage);
            let offset = match stage {
                Some(Stage::Recognising(place)) => Offset::Offset(place.offset - 1),
                Some(Stage::FromTheTopic { next } | Stage::FromTheLog { then: next, .. }) => Offset::Offset(next),
                None => Offset::End,
            };
            assigned.add_partition_offset(&self.topic, partition, offset).map_err(trouble)?;
            if matches!(stage, Some(Stage::FromTheLog { .. })) {
                from_the_log.add_partition(&self.topic, partition);
            }
        }
        consumer.incremental_assign(&assigned).map_err(trouble)?;
        consumer.pause(&from_the_log).map_err(trouble)?;
        self.state().held.extend(held?);
        Ok(())
    }

    /// Takes partitions over and decides how each is read. For those read from the log first, the end of the partition
    /// is read before the head of the log: every message before that end is then at or before that head.
    fn begin(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &[i32],
    ) -> Result<BTreeMap<i32, AssignedPartition>, FollowError> {
        let taken = self.runtime.block_on(table::take_over::<P>(&self.pool, self.owner, partitions))?;
        let mut held = BTreeMap::new();
        let mut ends = Vec::new();
        for taken in taken {
            let (low, high) =
                consumer.fetch_watermarks(&self.topic, taken.partition, ANSWER_WITHIN).map_err(trouble)?;
            match self.known_place(&taken).filter(|place| low < place.offset && place.offset <= high) {
                Some(place) => _ = held.insert(taken.partition, taken.held(Stage::Recognising(place))),
                None => ends.push((taken, high)),
            }
        }
        if ends.is_empty() {
            return Ok(held);
        }
        let head = self.runtime.block_on(async { log::head(&mut *self.pool.acquire().await?).await })?;
        for (taken, then) in ends {
            let stage = Stage::FromTheLog { position: taken.position, until: head.position, then };
            held.insert(taken.partition, taken.held(stage));
        }
        Ok(held)
    }

    fn known_place(&self, taken: &TakenOver) -> Option<ResumePoint> {
        let place = taken.next_offset.zip(taken.seen_position).map(|(offset, seen)| ResumePoint { offset, seen });
        place.filter(|_| taken.topic.as_deref() == Some(&self.topic))
    }
}

impl TakenOver {
    fn held(&self, stage: Stage) -> AssignedPartition {
        AssignedPartition { epoch: self.epoch, saved_offset: self.next_offset, stage }
    }
}

fn numbers(partitions: &TopicPartitionList) -> Vec<i32> {
    partitions.elements().iter().map(|element| element.partition()).collect()
}

pub(super) fn trouble(error: KafkaError) -> FollowError {
    FollowError::Trouble(format!("Kafka: {error}"))
}
