//! Publishes the log to Kafka, in its order, at least once: the follower that sends instead of
//! folding. One relay is active; its checkpoint is the contiguous acknowledged prefix.
//! It does not look into payloads: what the log stores is what is sent.

use std::collections::VecDeque;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryFuture, FutureProducer, Producer};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::checkpoint;
use crate::error::FollowError;
use crate::follow::{Batch, Follower, Outcome};
use crate::log::Entry;
use crate::topic::{Topic, made, message};

/// The name of the relay's checkpoint.
pub const NAME: &str = "relay";
/// How long a delivery may take before the relay says that it waits and looks after itself.
const DELIVERY_WITHIN: Duration = Duration::from_secs(10);

/// Where and how to publish.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Made when it is missing.
    pub topic: Topic,
    /// The broker forgets at restart: begin at position 1 each time.
    pub start_over: bool,
}

/// The follower that publishes.
pub struct Relay {
    config: RelayConfig,
    pool: PgPool,
    shutdown: CancellationToken,
    session: Mutex<Option<Session>>,
}

/// One life of the active relay: the lock that makes it the only one, and its producer. Idempotence
/// lasts as long as the producer does.
struct Session {
    lock: PgConnection,
    owner: Uuid,
    producer: FutureProducer,
}

impl Relay {
    /// A relay that is not started yet: give it to the follow loop.
    #[must_use]
    pub fn new(config: RelayConfig, pool: PgPool, shutdown: CancellationToken) -> Self {
        Self { config, pool, shutdown, session: Mutex::new(None) }
    }

    fn producer(&self) -> Result<FutureProducer, FollowError> {
        self.config
            .topic
            .brokers
            .client()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // never given up by time: a message that was given up would be overtaken by those behind it
            .set("message.timeout.ms", "0")
            .set("linger.ms", "1")
            .set("compression.type", "zstd")
            // the partition that every Java client would choose for the key
            .set("partitioner", "murmur2_random")
            .create()
            .map_err(made::trouble)
    }

    /// Hands the entries over in order and returns the last position of which everything up to it is
    /// acknowledged; what was in the way of the rest comes with it.
    async fn publish(&self, session: &mut Session, batch: &Batch) -> (i64, Option<FollowError>) {
        let mut acknowledged = batch.after;
        let mut waiting: VecDeque<(i64, DeliveryFuture)> = VecDeque::with_capacity(batch.entries.len());
        for entry in &batch.entries {
            loop {
                match self.hand_over(session, entry) {
                    Ok(delivery) => {
                        waiting.push_back((entry.position, delivery));
                        break;
                    }
                    // the queue is full: what was handed over earlier must be delivered first
                    Err(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) => {
                        match self.delivered(session, &mut waiting).await {
                            Ok(Some(position)) => acknowledged = position,
                            Ok(None) => tokio::time::sleep(Duration::from_millis(5)).await,
                            Err(error) => return (acknowledged, self.unless_stopping(error)),
                        }
                    }
                    Err(error) => return (acknowledged, Some(made::trouble(error))),
                }
            }
        }
        loop {
            match self.delivered(session, &mut waiting).await {
                Ok(Some(position)) => acknowledged = position,
                Ok(None) => return (batch.through, None),
                Err(error) => return (acknowledged, self.unless_stopping(error)),
            }
        }
    }

    /// At shutdown the rest is sent next time: that is no trouble.
    fn unless_stopping(&self, error: FollowError) -> Option<FollowError> {
        (!self.shutdown.is_cancelled()).then_some(error)
    }

    fn hand_over(&self, session: &Session, entry: &Entry) -> Result<DeliveryFuture, KafkaError> {
        let record = message::record(entry, &self.config.topic.name, &self.config.topic.ce_source);
        session.producer.send_result(record).map_err(|(error, _)| error)
    }

    /// Waits for the earliest delivery and says its position; `None` when none is on its way.
    async fn delivered(
        &self,
        session: &mut Session,
        waiting: &mut VecDeque<(i64, DeliveryFuture)>,
    ) -> Result<Option<i64>, FollowError> {
        let Some((position, delivery)) = waiting.front_mut() else { return Ok(None) };
        let position = *position;
        loop {
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Err(FollowError::Trouble("shutting down".to_owned())),
                outcome = &mut *delivery => {
                    waiting.pop_front();
                    return match outcome {
                        Ok(Ok(_)) => Ok(Some(position)),
                        Ok(Err((error, _))) => Err(made::trouble(error)),
                        Err(_) => Err(FollowError::Trouble("the producer ended".to_owned())),
                    };
                }
                () = tokio::time::sleep(DELIVERY_WITHIN) => {
                    if let Some((code, reason)) = session.producer.client().fatal_error() {
                        return Err(FollowError::Trouble(format!("Kafka: {code}: {reason}")));
                    }
                    session.lock.ping().await?;
                    tracing::warn!(log.position = position, "the relay waits for the broker");
                }
            }
        }
    }
}

impl Follower for Relay {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Becomes the active relay: the lock first, the topic next, the checkpoint last.
    async fn begin(&self, pool: &PgPool, owner: Uuid) -> Result<i64, FollowError> {
        let mut current = self.session.lock().await;
        // messages of an earlier session end with it: what was not acknowledged is sent again
        let first = current.is_none();
        if let Some(ended) = current.take() {
            ended.producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
            let _ = ended.lock.close().await;
        }
        let mut lock = PgConnection::connect_with(&pool.connect_options()).await?;
        if !become_the_only_one(&mut lock).await? {
            return Err(FollowError::Standby);
        }
        made::ensure(&self.config.topic.brokers, &self.config.topic.name).await?;
        let mut conn = self.pool.acquire().await?;
        checkpoint::ensure(&mut conn, NAME, self.version(), owner).await?;
        let over = (self.config.start_over && first).then_some(0);
        let position = checkpoint::take_over(&mut conn, NAME, over, owner).await?;
        if over.is_some() {
            tracing::info!(topic = %self.config.topic.name, "the broker forgets at restart: the relay starts over at position 1");
        }
        *current = Some(Session { lock, owner, producer: self.producer()? });
        Ok(position)
    }

    async fn handle(&self, batch: &Batch) -> Result<Outcome, FollowError> {
        let mut current = self.session.lock().await;
        let Some(session) = current.as_mut() else { return Err(FollowError::Standby) };
        session.lock.ping().await?;
        let (acknowledged, trouble) = self.publish(session, batch).await;
        if acknowledged > batch.after {
            let mut conn = self.pool.acquire().await?;
            if !checkpoint::advance(&mut conn, NAME, acknowledged, session.owner).await? {
                return Err(FollowError::Standby);
            }
        }
        match trouble {
            None => Ok(Outcome::Saved(acknowledged)),
            Some(trouble) => Err(trouble),
        }
    }
}

/// A lock that lives as long as its connection, one for each schema of the database.
async fn become_the_only_one(lock: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended('reward-ledger relay ' || current_schema(), 0))")
        .fetch_one(lock)
        .await
}
