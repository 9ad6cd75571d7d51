//! Facts that other services put on Kafka. A member of a consumer group reads them and sends ordinary
//! commands, as the routes do; how far it is stands in PostgreSQL and moves with the facts.
//!
//! | what happens | what follows |
//! |---|---|
//! | a partition is given to us | its row is taken over under a new token, and it is read from the offset found there |
//! | something that passes is in the way | nothing is saved; after a pause all is read again from the saved offsets |
//! | the partition was given to somebody else | the token refuses our write, facts and all; we join the group anew |
//! | the process dies | facts and offset stand together or not at all |
//!
//! It knows neither what a fact means nor how long the broker may be away: the service is ready without it.

pub mod dead_letters;
mod group;
mod intake;
mod message;
mod offsets;
mod refused;

use std::time::Duration;

use commands::Ledger;
use projections::{Brokers, Followers};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use sqlx::PgPool;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use dead_letters::DeadLetters;
use group::Membership;
use intake::{Intake, Trouble};

/// How many partitions the topic of facts is made with; one that is there may have any number.
pub const PARTITIONS: i32 = 12;
/// How many messages are taken in at once …
const BATCH_MESSAGES: usize = 500;
/// … and after how many bytes it is enough.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How long to wait for the first message of a batch: how soon it is noticed that we are to stop.
const POLL: Duration = Duration::from_millis(200);
/// How long a batch may go on when we are asked to stop; after that it is read again next time.
const FINISH_WITHIN: Duration = Duration::from_secs(3);
/// The pause after the first trouble; it doubles …
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Where facts come from.
#[derive(Debug, Clone)]
pub struct InboundConfig {
    /// The brokers.
    pub brokers: Brokers,
    /// The topic; made with [`PARTITIONS`] partitions when missing. Its dead letters have one of their own.
    pub topic: String,
    /// The consumer group: one for each ledger that reads the topic.
    pub group: String,
    /// The broker forgets at restart: begin at its first message each time.
    pub start_over: bool,
}

/// Tells whoever listens to the facade `metrics` what the figures of facts from Kafka mean.
pub fn describe_metrics() {
    intake::describe();
}

/// Why reading ended early; it begins again.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Kafka(#[from] KafkaError),
    #[error("{0}")]
    Topic(#[from] projections::TopicError),
    #[error("the offsets: {0}")]
    Offsets(#[from] sqlx::Error),
    #[error("{0}")]
    Fenced(Trouble),
}

/// What reads facts and takes them in.
pub struct Inbound {
    config: InboundConfig,
    ledger: Ledger,
    pool: PgPool,
    runtime: Handle,
    shutdown: CancellationToken,
}

impl Inbound {
    /// Reads beside the followers until shutdown, on a thread of its own: a consumer's calls block.
    ///
    /// # Errors
    /// The thread cannot be made.
    pub fn start(
        config: InboundConfig,
        ledger: Ledger,
        pool: PgPool,
        followers: &Followers,
        shutdown: CancellationToken,
    ) -> std::io::Result<()> {
        let (done, ended) = oneshot::channel::<()>();
        let inbound = Self { config, ledger, pool, runtime: Handle::current(), shutdown };
        std::thread::Builder::new().name("inbound".to_owned()).spawn(move || {
            inbound.run();
            drop(done);
        })?;
        followers.run(async move {
            let _ = ended.await;
        });
        Ok(())
    }

    fn run(&self) {
        let mut pause = Pause::default();
        let mut start_over = self.config.start_over;
        while !self.shutdown.is_cancelled() {
            match self.read(&mut start_over, &mut pause) {
                Ok(()) => {}
                Err(Ended::Fenced(reason)) => tracing::info!(%reason, "joining the group of the facts anew"),
                Err(reason) => tracing::warn!(%reason, topic = %self.config.topic, "facts from Kafka wait"),
            }
            self.rest(pause.next());
        }
    }

    /// Reads as a member of the group until shutdown, or until it must join anew.
    fn read(&self, start_over: &mut bool, pause: &mut Pause) -> Result<(), Ended> {
        let InboundConfig { brokers, topic, group, .. } = &self.config;
        self.runtime.block_on(self.make_topics())?;
        if std::mem::take(start_over) {
            self.runtime.block_on(offsets::forget(&self.pool, topic))?;
        }
        let consumer = group::join(brokers, group, topic)?;
        let letters = DeadLetters::new(brokers, topic)?;
        let mut intake = Intake::new(self.ledger.clone(), self.pool.clone(), topic.clone(), letters);
        let mut owner = Uuid::new_v4();
        while !self.shutdown.is_cancelled() {
            let batch = gather(&consumer);
            if let Some(partitions) = consumer.context().to_take_over() {
                // what was gathered before is read again from where the rows say
                owner = Uuid::new_v4();
                if let Err(reason) = self.take_over(&consumer, &partitions, owner) {
                    self.wait_out(&consumer, pause, &reason)?;
                }
                continue;
            }
            if batch.is_empty() {
                continue;
            }
            match self.runtime.block_on(self.unless_stopping(intake.take(&batch, owner))) {
                None => return Ok(()),
                Some(Ok(())) => pause.reset(),
                Some(Err(fenced @ Trouble::Fenced)) => return Err(Ended::Fenced(fenced)),
                Some(Err(reason)) => self.wait_out(&consumer, pause, &reason)?,
            }
        }
        Ok(())
    }

    async fn make_topics(&self) -> Result<(), projections::TopicError> {
        let InboundConfig { brokers, topic, .. } = &self.config;
        brokers.ensure_topic(topic, PARTITIONS).await?;
        brokers.ensure_topic(&dead_letters::topic_of(topic), dead_letters::PARTITIONS).await?;
        Ok(())
    }

    /// Makes the partitions ours in the database and reads on from where they stand there.
    fn take_over(&self, consumer: &Member, partitions: &[i32], owner: Uuid) -> Result<(), Ended> {
        let taken = offsets::take_over(&self.pool, &self.config.topic, partitions, owner);
        let taken = self.runtime.block_on(taken)?;
        consumer.context().read_from(consumer, &self.config.topic, &taken)?;
        if !taken.is_empty() {
            tracing::info!(topic = %self.config.topic, partitions = taken.len(), "reading facts from Kafka");
        }
        Ok(())
    }

    /// Lets go of what was read, waits, and has it read again.
    fn wait_out(&self, consumer: &Member, pause: &mut Pause, reason: &dyn std::error::Error) -> Result<(), KafkaError> {
        tracing::warn!(%reason, topic = %self.config.topic, "facts from Kafka wait");
        consumer.context().take_over_again(consumer)?;
        self.rest(pause.next());
        Ok(())
    }

    /// What comes of it; `None` when we are asked to stop and it does not end.
    async fn unless_stopping<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let too_late = async {
            self.shutdown.cancelled().await;
            tokio::time::sleep(FINISH_WITHIN).await;
        };
        tokio::select! {
            done = work => Some(done),
            () = too_late => None,
        }
    }

    fn rest(&self, pause: Duration) {
        // a timer can only be made inside the runtime
        let rest = async { tokio::time::timeout(pause, self.shutdown.cancelled()).await };
        let _ = self.runtime.block_on(rest);
    }
}

type Member = BaseConsumer<Membership>;

/// The messages that are there, up to a batch.
fn gather(consumer: &Member) -> Vec<OwnedMessage> {
    let (mut batch, mut bytes, mut patience) = (Vec::new(), 0, POLL);
    while batch.len() < BATCH_MESSAGES && bytes < BATCH_BYTES {
        match consumer.poll(patience) {
            None => break,
            // librdkafka has told its log, and goes on by itself
            Some(Err(reason)) => tracing::debug!(%reason, "the consumer"),
            Some(Ok(message)) => {
                bytes += message.payload_len();
                batch.push(message.detach());
                patience = Duration::ZERO;
            }
        }
    }
    batch
}

/// How long to wait before trying again.
struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pause {
    fn next(&mut self) -> Duration {
        let now = self.0;
        self.0 = LONGEST_PAUSE.min(now * 2);
        now
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}
