//! One membership of the consumer group: the loop of reading, folding and renewing the claim on our partitions.
//! `membership` knows which partitions are ours. It knows nothing of the projection's rows.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientContext as _, TopicPartitionList};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::engine::error::FollowError;
use crate::engine::projection::Projection;
use crate::kafka::published::Published;
use crate::log::partition::{PARTITIONS, partition_of_subject};

use super::batch::{PartitionBatch, write};
use super::catch_up::{self, CatchUp};
use super::locked::OwnedPartition;
use super::membership::{ANSWER_WITHIN, AssignedPartition, Assignment, Membership, Stage, trouble};
use super::message::{InvalidMessage, published};
use super::table::{self, ResumePoint};
use super::{SessionEnd, Worker};

/// The most messages in a batch.
const BATCH: usize = 1_000;
/// How long to wait for the first message of a batch.
const WAIT: Duration = Duration::from_millis(100);
/// How long progress over events of no interest may stay unsaved.
const LAZY_SAVE: Duration = Duration::from_millis(250);
/// How often the claim on our partitions is renewed.
const ATTEND: Duration = Duration::from_secs(1);
/// Heartbeats per session time-out.
const HEARTBEATS: u32 = 3;
/// How much librdkafka fetches ahead, in KiB.
const FETCH_AHEAD_KIB: &str = "16384";

/// One membership.
pub(super) struct Session<P: Projection> {
    worker: Worker<P>,
    owner: Uuid,
    runtime: Handle,
    consumer: BaseConsumer<Membership<P>>,
    /// Messages that were read and are not folded yet.
    waiting: Vec<Arrived>,
    saved_at: Instant,
    attended_at: Instant,
}

/// A message, with the epoch under which its partition was ours when it arrived.
struct Arrived {
    partition: i32,
    epoch: i64,
    offset: i64,
    what: Result<Published, InvalidMessage>,
}

impl<P: Projection> Session<P> {
    /// Joins the consumer group.
    pub(super) fn join(worker: Worker<P>, group: String, owner: Uuid, runtime: Handle) -> Result<Self, SessionEnd> {
        let session = worker.config.session;
        let topic = worker.config.topic.clone();
        let membership = Membership::new(worker.pool.clone(), runtime.clone(), owner, topic);
        let mut client = worker.config.brokers.client();
        client
            .set("group.id", group)
            .set("session.timeout.ms", session.as_millis().to_string())
            .set("heartbeat.interval.ms", (session / HEARTBEATS).as_millis().to_string())
            // whoever stays keeps its partitions when others come and go
            .set("partition.assignment.strategy", "cooperative-sticky")
            // offsets are saved with the rows, and what is not where it was is asked of the log
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false")
            .set("queued.max.messages.kbytes", FETCH_AHEAD_KIB);
        let consumer = client.create_with_context(membership).map_err(trouble)?;
        let now = Instant::now();
        let session = Self { worker, owner, runtime, consumer, waiting: vec![], saved_at: now, attended_at: now };
        session.check_topic()?;
        session.consumer.subscribe(&[&session.worker.config.topic]).map_err(trouble)?;
        Ok(session)
    }

    fn check_topic(&self) -> Result<(), FollowError> {
        let topic = &self.worker.config.topic;
        // all are asked for, since asking for one by name may make it
        let metadata = self.consumer.fetch_metadata(None, ANSWER_WITHIN).map_err(trouble)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic && !found.partitions().is_empty());
        match found.map(|found| found.partitions().len()) {
            None => Err(FollowError::Trouble(format!("the topic {topic} does not exist yet"))),
            Some(partitions) if i32::try_from(partitions) == Ok(PARTITIONS) => Ok(()),
            Some(partitions) => Err(FollowError::Stop(format!(
                "the topic {topic} has {partitions} partitions, not {PARTITIONS}: nothing is read from it"
            ))),
        }
    }

    /// Reads and folds until shutdown or a failure.
    pub(super) fn work(mut self) -> Result<(), SessionEnd> {
        while !self.worker.shutdown.is_cancelled() {
            self.gather()?;
            if let Some(failure) = self.state().failure.take() {
                return Err(failure.into());
            }
            self.fold_waiting(false)?;
            self.fold_from_the_log()?;
            self.attend()?;
        }
        self.fold_waiting(true)?;
        let left = table::leave(&self.worker.pool, P::NAME, self.owner);
        if let Err(error) = self.runtime.block_on(left) {
            tracing::debug!(%error, "Kafka worker stopped, but its partitions could not be marked as unattended");
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, Assignment> {
        self.consumer.context().state()
    }

    /// Takes the messages that have arrived, and waits a moment when there are none.
    fn gather(&mut self) -> Result<(), SessionEnd> {
        let busy = self.state().held.values().any(|held| matches!(held.stage, Stage::FromTheLog { .. }));
        let mut arrived = Vec::new();
        let mut wait = if busy { Duration::ZERO } else { WAIT };
        while arrived.len() < BATCH {
            let Some(polled) = self.consumer.poll(wait) else { break };
            match polled {
                Ok(message) => arrived.extend(self.arrived(&message)),
                Err(error) if passes(&error) => self.consumer.context().error(error, "librdkafka retries"),
                Err(error) => return Err(trouble(error).into()),
            }
            wait = Duration::ZERO;
        }
        for one in arrived {
            self.take(one)?;
        }
        Ok(())
    }

    fn arrived(&self, message: &BorrowedMessage<'_>) -> Option<Arrived> {
        let partition = message.partition();
        let epoch = self.state().held.get(&partition)?.epoch;
        Some(Arrived { partition, epoch, offset: message.offset(), what: published(message) })
    }

    /// Takes a message if it is the next one of its partition.
    fn take(&mut self, arrived: Arrived) -> Result<(), SessionEnd> {
        let context = Arc::clone(self.consumer.context());
        let mut state = context.state();
        let of_now = |held: &&mut AssignedPartition| held.epoch == arrived.epoch;
        let Some(held) = state.held.get_mut(&arrived.partition).filter(of_now) else { return Ok(()) };
        let astray = |reason: String| SessionEnd::Astray { partition: arrived.partition, reason };
        let published = match &arrived.what {
            Ok(published) => published,
            Err(InvalidMessage::Foreign(reason)) => return Err(astray(format!("offset {}: {reason}", arrived.offset))),
            Err(InvalidMessage::OtherTime) => return Err(SessionEnd::Follow(other_time(&self.worker.config.topic))),
        };
        if partition_of_subject(&published.subject) != arrived.partition {
            return Err(SessionEnd::Follow(other_partitioner(&self.worker.config.topic)));
        }
        match held.stage {
            Stage::FromTheLog { .. } => return Ok(()),
            Stage::Recognising(place) => {
                if (arrived.offset, published.position) != (place.offset - 1, place.seen) {
                    return Err(astray(format!(
                        "position {} was before offset {}, and now {} is at {}",
                        place.seen, place.offset, published.position, arrived.offset
                    )));
                }
                held.stage = Stage::FromTheTopic { next: place.offset };
                return Ok(());
            }
            Stage::FromTheTopic { next } if arrived.offset != next => {
                return Err(astray(format!("after offset {next} comes {}", arrived.offset)));
            }
            Stage::FromTheTopic { .. } => held.stage = Stage::FromTheTopic { next: arrived.offset + 1 },
        }
        drop(state);
        self.waiting.push(arrived);
        Ok(())
    }

    /// Folds what was read. Progress over events that the projection does not fold is saved later.
    fn fold_waiting(&mut self, at_once: bool) -> Result<(), SessionEnd> {
        let wanted = |arrived: &Arrived| {
            let concerns = |event: &Published| P::STREAMS.contains(&event.aggregate_type.as_str());
            P::STREAMS.is_empty() || arrived.what.as_ref().is_ok_and(concerns)
        };
        let due = at_once
            || self.saved_at.elapsed() > LAZY_SAVE
            || self.waiting.len() >= BATCH
            || self.waiting.iter().any(wanted);
        if !due || self.waiting.is_empty() {
            return Ok(());
        }
        let mut piece = PartitionBatch { mine: BTreeMap::new(), events: Vec::new(), through: None };
        for arrived in std::mem::take(&mut self.waiting) {
            // what came before the group took the partition away is its next owner's
            let held = self.state().held.get(&arrived.partition).copied();
            let Some(held) = held.filter(|held| held.epoch == arrived.epoch) else { continue };
            let Ok(published) = arrived.what else { continue };
            let place = ResumePoint { offset: arrived.offset + 1, seen: published.position };
            let mine = OwnedPartition { epoch: held.epoch, saved_offset: held.saved_offset, place: Some(place) };
            piece.mine.insert(arrived.partition, mine);
            piece.events.push(published);
        }
        if piece.mine.is_empty() {
            return Ok(());
        }
        self.write(&piece)?;
        for (partition, mine) in &piece.mine {
            if let Some(held) = self.state().held.get_mut(partition).filter(|held| held.epoch == mine.epoch) {
                held.saved_offset = mine.place.map(|place| place.offset);
            }
        }
        self.saved_at = Instant::now();
        Ok(())
    }

    fn write(&self, piece: &PartitionBatch) -> Result<(), SessionEnd> {
        let Worker { projection, config, pool, .. } = &self.worker;
        self.runtime.block_on(write(pool, projection.as_ref(), self.owner, &config.topic, piece))
    }

    /// Folds the next chunk of the partitions that are read from the log; at its end the topic takes over.
    fn fold_from_the_log(&mut self) -> Result<(), SessionEnd> {
        let behind: BTreeMap<i32, CatchUp> = self.state().held.iter().filter_map(behind).collect();
        if behind.is_empty() {
            return Ok(());
        }
        let Worker { projection, config, pool, .. } = &self.worker;
        let folded = catch_up::fold_piece(pool, projection.as_ref(), self.owner, &config.topic, &behind);
        let through = self.runtime.block_on(folded)?;
        let mut goes_on = TopicPartitionList::new();
        for (partition, one) in behind {
            let mut state = self.state();
            let Some(held) = state.held.get_mut(&partition).filter(|held| held.epoch == one.mine.epoch) else {
                continue;
            };
            let Stage::FromTheLog { position, until, then } = held.stage else { continue };
            if through < until {
                held.stage = Stage::FromTheLog { position: position.max(through), until, then };
            } else {
                held.stage = Stage::FromTheTopic { next: then };
                goes_on.add_partition(&config.topic, partition);
                tracing::info!(
                    projection = P::NAME,
                    partition,
                    log.position = through,
                    offset = then,
                    "Kafka worker caught up from the log; the partition is read from the topic from now on"
                );
            }
        }
        self.consumer.resume(&goes_on).map_err(trouble)?;
        Ok(())
    }

    /// Renews the claim on our partitions when it is due, and finds out whether they are still ours.
    fn attend(&mut self) -> Result<(), SessionEnd> {
        if self.attended_at.elapsed() < ATTEND {
            return Ok(());
        }
        self.attended_at = Instant::now();
        let ours: BTreeMap<i32, i64> =
            self.runtime.block_on(table::attend(&self.worker.pool, P::NAME, self.owner))?.into_iter().collect();
        let still = |(partition, held): (&i32, &AssignedPartition)| ours.get(partition) == Some(&held.epoch);
        if self.state().held.iter().all(still) { Ok(()) } else { Err(SessionEnd::Overtaken) }
    }
}

fn behind((partition, held): (&i32, &AssignedPartition)) -> Option<(i32, CatchUp)> {
    let Stage::FromTheLog { position, until, .. } = held.stage else { return None };
    let mine = OwnedPartition { epoch: held.epoch, saved_offset: held.saved_offset, place: None };
    Some((*partition, CatchUp { mine, position, until }))
}

/// Errors that librdkafka recovers from by itself.
fn passes(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::PartitionEOF(_)
            | KafkaError::MessageConsumption(
                RDKafkaErrorCode::BrokerTransportFailure
                    | RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::OperationTimedOut
                    | RDKafkaErrorCode::Resolve
            )
    )
}

fn other_time(topic: &str) -> FollowError {
    FollowError::Stop(format!(
        "the topic {topic} gives messages a time of its own: set its message.timestamp.type to CreateTime and \
         publish the log again"
    ))
}

fn other_partitioner(topic: &str) -> FollowError {
    FollowError::Stop(format!("the topic {topic} has a key in the wrong partition"))
}
