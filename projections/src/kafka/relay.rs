//! Publishes the log to Kafka in order, at least once. The relay is a follower of the log that sends events instead of
//! folding them. A lease with an epoch keeps one relay active. Its checkpoint is the last position up to which Kafka
//! has acknowledged everything, saved under that epoch. It sends payloads as the log stores them and never reads them.

mod delivery;
mod intervention;
mod place;
mod producer;
mod republish;

use metrics::{counter, gauge};
use sqlx::PgPool;
use sqlx::postgres::PgConnection;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use intervention::intervene;
pub use republish::{RelayStatus, set_back, status};

use self::delivery::{Acknowledged, Deliveries, Ends, Undelivered};
use self::place::Saved;
use self::producer::Sender;
use crate::engine::checkpoint::LeasedCheckpoint;
use crate::engine::error::FollowError;
use crate::engine::follower::{Batch, BatchInterval, Begun, Follower};
use crate::engine::lease::{Lease, LeaseEpoch};
use crate::kafka::brokers::TopicSnapshot;
use crate::kafka::topic::{Topic, made};

/// The name of the relay's checkpoint, and of its lease.
pub const NAME: &str = "relay";

/// How long it waits between the starts of two batches while events come steadily.
const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(25, 100);

/// Gauge: messages handed to librdkafka and not acknowledged yet.
const WAITING_MESSAGES: &str = "ledger_relay_waiting_messages";
/// Counter: messages acknowledged by Kafka.
const SENT_MESSAGES: &str = "ledger_relay_sent_messages_total";
/// Counter: how often the relay found another topic than before and published from position 1 again.
const STARTED_OVER: &str = "ledger_relay_started_over_total";
/// Counter: how often a relay of this process became the active one.
const SESSIONS: &str = "ledger_relay_sessions_total";

/// Describes the metrics of the relay.
pub fn describe_metrics() {
    metrics::describe_gauge!(WAITING_MESSAGES, "Messages handed to the Kafka client and not yet acknowledged");
    metrics::describe_counter!(SENT_MESSAGES, "Messages acknowledged by Kafka, including repeated ones");
    metrics::describe_counter!(
        STARTED_OVER,
        "Times the topic was found recreated or replaced and was filled again from position 1"
    );
    metrics::describe_counter!(SESSIONS, "Times the relay of this process became active");
}

/// Where the relay publishes.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// The topic; created when it does not exist.
    pub topic: Topic,
    /// The broker keeps nothing across restarts (the embedded one): publish from position 1 each time.
    pub start_over: bool,
}

/// The follower that publishes.
pub struct Relay {
    config: RelayConfig,
    lease: Lease,
    shutdown: CancellationToken,
    session: Mutex<Option<Session>>,
    /// The position of a message that was refused for its size. It is sent again alone, once everything before it is
    /// acknowledged.
    refused: Mutex<Option<i64>>,
}

/// The active relay from taking the lease until a failure: its checkpoint, under the epoch of the lease, and its
/// producer. Kafka's idempotence lasts as long as the producer.
struct Session {
    checkpoint: LeasedCheckpoint,
    sender: Sender,
    /// The id of the topic's cluster, if the broker tells it.
    cluster: Option<String>,
    /// The end of each partition when the session began: new messages get offsets from there on.
    ends: Ends,
}

/// How far a batch has come.
struct Published {
    through: i64,
    last: Option<Acknowledged>,
    undelivered: Option<Undelivered>,
}

impl Relay {
    /// A relay that is not started yet. Give it to the follow loops that the lease belongs to.
    #[must_use]
    pub fn new(config: RelayConfig, lease: Lease, shutdown: CancellationToken) -> Self {
        Self { config, lease, shutdown, session: Mutex::default(), refused: Mutex::default() }
    }

    /// Sends entries in order. Returns the last position up to which everything is acknowledged, and the failure that
    /// kept the rest from it.
    async fn publish(&self, session: &mut Session, batch: &Batch) -> Published {
        let Session { checkpoint, sender, ends, .. } = session;
        let epoch = checkpoint.epoch();
        let mut deliveries = Deliveries::after(batch.after, ends);
        let refused = *self.refused.lock().await;
        let is_ours = || self.lease.epoch() == Some(epoch);
        let mut trouble = None;
        for entry in &batch.entries {
            // alone, after everything before it is acknowledged, so that a refusal is about this message
            if refused == Some(entry.position) {
                trouble = deliveries.all(&self.shutdown, is_ours).await.err();
            }
            if trouble.is_none() {
                trouble = self.hand_over(epoch, sender, entry, &mut deliveries).await.err();
            }
            if trouble.is_none() && refused == Some(entry.position) {
                trouble = deliveries.all(&self.shutdown, is_ours).await.err();
            }
            if trouble.is_some() {
                break;
            }
        }
        if trouble.is_none() {
            trouble = deliveries.all(&self.shutdown, is_ours).await.err();
        }
        let through = if trouble.is_none() { batch.through } else { deliveries.acknowledged() };
        Published { through, last: deliveries.last(), undelivered: trouble }
    }

    async fn hand_over(
        &self,
        epoch: LeaseEpoch,
        sender: &Sender,
        entry: &crate::log::Entry,
        deliveries: &mut Deliveries<'_>,
    ) -> Result<(), Undelivered> {
        loop {
            // a process that was paused must not start to send after another relay took over
            if self.lease.epoch() != Some(epoch) {
                return Err(Undelivered::Overtaken);
            }
            match sender.send(entry, &self.config.topic) {
                Ok(delivery) => {
                    deliveries.push(entry.position, delivery);
                    gauge!(WAITING_MESSAGES).set(deliveries.waiting() as f64);
                    return Ok(());
                }
                // the queue is full: what was handed over earlier must be delivered first
                Err(producer::Refused::QueueFull) => {
                    let is_ours = || self.lease.epoch() == Some(epoch);
                    deliveries.next(&self.shutdown, is_ours).await?;
                }
                Err(producer::Refused::Otherwise(error)) => return Err(Undelivered::of(entry.position, error)),
            }
        }
    }

    /// Maps a failure to what the loop does. A message that is refused for its size when it was sent alone stops the
    /// relay: only an operator may decide what happens to it.
    async fn trouble(&self, undelivered: Undelivered) -> FollowError {
        match undelivered {
            Undelivered::TooLarge { position, reason } => {
                let mut refused = self.refused.lock().await;
                if *refused == Some(position) {
                    return FollowError::Poison { position, reason };
                }
                *refused = Some(position);
                FollowError::Trouble(reason)
            }
            Undelivered::Overtaken => FollowError::Standby,
            Undelivered::OtherTopic { position } => FollowError::Trouble(format!(
                "the topic {} was made anew while it was published to (position {position} landed before the end of its \
                 partition): the relay starts over at position 1",
                self.config.topic.name
            )),
            Undelivered::Failed(reason) => FollowError::Trouble(reason),
        }
    }

    /// The state of the topic now.
    async fn look(&self, saved: Option<&Saved>) -> Result<TopicSnapshot, FollowError> {
        let (topic, offsets) = (self.config.topic.clone(), place::to_look_at(saved));
        let looked = tokio::task::spawn_blocking(move || topic.brokers.snapshot_topic(&topic.name, &offsets));
        let looked = looked.await.map_err(|error| FollowError::Trouble(error.to_string()))?;
        looked.map_err(made::trouble)
    }

    /// Whether to publish from position 1: the broker lost everything, or this is not the topic that was published to
    /// before.
    fn starts_over(&self, first: bool, published: i64, saved: Option<&Saved>, looked: &TopicSnapshot) -> bool {
        let topic = &self.config.topic;
        if self.config.start_over && first {
            tracing::info!(topic = %topic.name, "broker keeps nothing across restarts; relay publishes the log again from position 1");
            return true;
        }
        if published == 0 {
            return false;
        }
        let Some(reason) = place::difference(topic, published, saved, looked) else { return false };
        counter!(STARTED_OVER).increment(1);
        tracing::warn!(topic = %topic.name, log.position = published, reason,
            "Kafka topic was recreated or replaced; relay publishes the log again from position 1");
        true
    }

    async fn save(&self, conn: &mut PgConnection, session: &Session, published: &Published) -> Result<(), FollowError> {
        let topic = (self.config.topic.name.as_str(), session.cluster.as_deref());
        match &published.last {
            Some(last) => place::advance(conn, &session.checkpoint, published.through, topic, last).await,
            None => session.checkpoint.advance(conn, published.through).await,
        }
    }
}

impl Follower for Relay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn leased(&self) -> bool {
        true
    }

    /// A consumer of the topic could not know that an event is missing, so that the relay never skips one.
    fn may_leave_out(&self) -> bool {
        false
    }

    /// A batch costs one request to each partition that it touches, and a request costs much the same whatever its
    /// size.
    fn batch_interval(&self) -> BatchInterval {
        BATCH_INTERVAL
    }

    /// Becomes the active relay, once the lease is held: takes the checkpoint over under its epoch, after which no
    /// earlier relay can save, and then checks the topic.
    async fn begin(&self, pool: &PgPool, owner: Uuid) -> Result<Begun, FollowError> {
        let mut current = self.session.lock().await;
        // messages of an earlier session end with it: what was not acknowledged is sent again
        let first = current.is_none();
        if let Some(ended) = current.as_ref() {
            ended.sender.forget_all();
        }
        let epoch = self.lease.epoch().ok_or(FollowError::Standby)?;
        let mut conn = pool.acquire().await?;
        let (checkpoint, mut position) =
            LeasedCheckpoint::take_over(&mut conn, NAME, self.version(), owner, epoch).await?;
        made::ensure(&self.config.topic, position).await?;
        let saved = place::read(&mut conn).await?;
        let looked = self.look(saved.as_ref()).await?;
        if self.starts_over(first, position, saved.as_ref(), &looked) {
            checkpoint.start_over(&mut conn).await?;
            position = 0;
        }
        let ends = looked.partitions.iter().map(|(partition, at)| (*partition, at.end)).collect();
        let sender = Sender::open(&self.config.topic).await?;
        *current = Some(Session { checkpoint, sender, cluster: looked.cluster, ends });
        counter!(SESSIONS).increment(1);
        Ok(Begun::SavesItself(position))
    }

    async fn handle(&self, conn: &mut PgConnection, batch: &Batch) -> Result<i64, FollowError> {
        let mut current = self.session.lock().await;
        let Some(session) = current.as_mut() else { return Err(FollowError::Standby) };
        let published = self.publish(session, batch).await;
        gauge!(WAITING_MESSAGES).set(0.0);
        if let Some(Undelivered::OtherTopic { .. }) = &published.undelivered {
            // nothing of the batch is saved: part of it may be on the topic that is gone
            counter!(STARTED_OVER).increment(1);
            session.checkpoint.start_over(conn).await?;
        } else if published.through > batch.after {
            counter!(SENT_MESSAGES).increment((published.through - batch.after).unsigned_abs());
            self.save(conn, session, &published).await?;
        }
        match published.undelivered {
            None => Ok(published.through),
            // the rest is sent after the next start: no failure
            Some(_) if self.shutdown.is_cancelled() => Ok(published.through),
            Some(undelivered) => {
                session.sender.forget_all();
                Err(self.trouble(undelivered).await)
            }
        }
    }
}
