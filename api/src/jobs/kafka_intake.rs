//! Facts that other services put on Kafka. A member of a consumer group reads them and sends ordinary
//! commands, as the routes do; how far it is stands in PostgreSQL and moves with the facts.
//!
//! | what happens | what follows |
//! |---|---|
//! | a partition is given to us | its row is taken over under a new token, and it is read from the offset found there |
//! | something that passes is in the way | nothing is saved; after a pause all is read again from the saved offsets |
//! | the partition was given to somebody else | the token refuses our write, facts and all; we join the group anew |
//! | the topic is another one than the offset was counted on | it is read from its first message, which is said and counted |
//! | the process dies | facts and offset stand together or not at all |
//!
//! It knows neither what a fact means nor how long the broker may be away: the service is ready without it.

pub mod dead_letters;
mod desk;
mod group;
mod identity;
mod intake;
mod message;
mod offsets;
mod refused;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use commands::Ledger;
use metrics::counter;
use projections::{Brokers, Followers};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Message, OwnedMessage};
use sqlx::PgPool;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use desk::Desk;

use dead_letters::DeadLetters;
use group::Membership;
use identity::{Known, Verdict};
use intake::{Intake, Ours, Trouble};
use offsets::{Progress, Reached, Taken};

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
/// How often it is looked whether the topic is still the one that is read. A topic that is made anew under us goes on where
/// the old one was, as far as the client can tell.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
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
                Err(Ended::Fenced(reason)) => tracing::info!(%reason, "Kafka intake: rejoining the consumer group"),
                Err(reason) => {
                    tracing::warn!(%reason, topic = %self.config.topic, "Kafka intake paused until this is resolved")
                }
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
        let mut ours = Ours { owner: Uuid::new_v4(), cluster: None };
        let mut places = Places::default();
        while !self.shutdown.is_cancelled() {
            let gathered = gather(&consumer);
            if let Some(partitions) = consumer.context().to_take_over() {
                // what was gathered before is read again from where the rows say
                ours.owner = Uuid::new_v4();
                match self.take_over(&consumer, &partitions, &mut ours) {
                    Ok(taken) => {
                        if taken.started_over {
                            intake.forget_places();
                        }
                        places = taken;
                    }
                    // the topic may have to be made again
                    Err(Ended::Kafka(reason)) if is_gone(&reason) => return Err(Ended::Kafka(reason)),
                    Err(reason) => self.wait_out(&consumer, pause, &reason)?,
                }
                continue;
            }
            if gathered.is_gone || places.go_back(&gathered.batch) || !self.is_the_same(&mut places, &ours)? {
                tracing::warn!(topic = %self.config.topic, "Kafka intake: the topic may have been recreated; checking saved offsets again");
                consumer.context().take_over_again(&consumer)?;
                continue;
            }
            let batch = gathered.batch;
            if batch.is_empty() {
                continue;
            }
            match self.runtime.block_on(self.unless_stopping(intake.take(&batch, &ours))) {
                None => return Ok(()),
                Some(Ok(reached)) => {
                    places.moved(&reached);
                    pause.reset();
                }
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

    /// Makes the partitions ours in the database and reads on from where they stand there, if the topic is the same one.
    fn take_over(&self, consumer: &Member, partitions: &[i32], ours: &mut Ours) -> Result<Places, Ended> {
        let taken = offsets::take_over(&self.pool, &self.config.topic, partitions, ours.owner);
        let taken = self.runtime.block_on(taken)?;
        let places = self.recognise(&taken, ours)?;
        let from: Vec<(i32, i64)> =
            places.of.iter().map(|(partition, place)| (*partition, place.next_offset)).collect();
        consumer.context().read_from(consumer, &self.config.topic, &from)?;
        if !from.is_empty() {
            tracing::info!(topic = %self.config.topic, partitions = from.len(), "Kafka intake: consuming activities");
        }
        Ok(places)
    }

    /// From where to read: a partition that is another one than before is read from its first message. Facts are known by
    /// source and id, so that reading one again does no harm.
    fn recognise(&self, taken: &[Taken], ours: &mut Ours) -> Result<Places, Ended> {
        let mut places = Places::default();
        // between two shares of the group there is nothing to look at
        if taken.is_empty() {
            return Ok(places);
        }
        let topic = &self.config.topic;
        let offsets = taken.iter().map(|taken| (taken.partition, identity::to_look_at(taken))).collect();
        let looked = self.config.brokers.snapshot_topic(topic, &offsets)?;
        let mut changed = BTreeMap::new();
        for one in taken {
            let Some(at) = looked.partitions.get(&one.partition) else { continue };
            let found = match identity::judge(one, &looked, at) {
                Verdict::Same => None,
                Verdict::Adopted(known) => Some(Reached { next_offset: one.next_offset, known }),
                Verdict::Another { first, reason } => {
                    places.started_over = true;
                    counter!(intake::STARTED_OVER).increment(1);
                    tracing::warn!(
                        topic,
                        partition = one.partition,
                        saved_offset = one.next_offset,
                        first_offset = first,
                        reason,
                        "the topic of activities was recreated or replaced: reading the partition from its first message"
                    );
                    Some(Reached { next_offset: first, known: None })
                }
            };
            let as_saved = Reached { next_offset: one.next_offset, known: one.known() };
            places.of.insert(one.partition, Place::of(found.unwrap_or(as_saved)));
            changed.extend(found.map(|found| (one.partition, found)));
        }
        ours.cluster = looked.cluster;
        self.correct(changed, ours)?;
        Ok(places)
    }

    /// Looks now and then whether what is read is still the topic that it was. What was read last is only taken for known
    /// where what was known before is still there.
    fn is_the_same(&self, places: &mut Places, ours: &Ours) -> Result<bool, Ended> {
        if places.looked_at.elapsed() < LOOK_AGAIN || places.of.is_empty() {
            return Ok(true);
        }
        places.looked_at = Instant::now();
        let known = |place: &Place| place.known.map(|known| known.offset);
        let offsets = places.of.iter().map(|(partition, place)| (*partition, known(place))).collect();
        let looked = match self.config.brokers.snapshot_topic(&self.config.topic, &offsets) {
            Ok(looked) => looked,
            // a topic that is gone is another one when it comes back
            Err(error) => return if is_gone(&error) { Err(error.into()) } else { Ok(true) },
        };
        let mut changed = BTreeMap::new();
        for (partition, place) in &mut places.of {
            let Some(at) = looked.partitions.get(partition) else { continue };
            if let Verdict::Another { .. } = identity::judge(&place.as_taken(*partition, ours), &looked, at) {
                return Ok(false);
            }
            if place.known != place.last {
                changed.insert(*partition, Reached { next_offset: place.next_offset, known: place.last });
                place.known = place.last;
            }
        }
        self.correct(changed, ours)?;
        Ok(true)
    }

    fn correct(&self, found: BTreeMap<i32, Reached>, ours: &Ours) -> Result<(), Ended> {
        if found.is_empty() {
            return Ok(());
        }
        let (topic, owner, cluster) = (self.config.topic.clone(), ours.owner, ours.cluster.clone());
        let progress = Progress { topic, owner, cluster, reached: found };
        Ok(self.runtime.block_on(offsets::correct(&self.pool, &progress))?)
    }

    /// Lets go of what was read, waits, and has it read again.
    fn wait_out(&self, consumer: &Member, pause: &mut Pause, reason: &dyn std::error::Error) -> Result<(), KafkaError> {
        tracing::warn!(%reason, topic = %self.config.topic, "Kafka intake paused until this is resolved");
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

/// Where the partitions of ours stand.
#[derive(Debug)]
struct Places {
    of: BTreeMap<i32, Place>,
    /// Whether one of them is another one than before.
    started_over: bool,
    looked_at: Instant,
}

/// Where a partition stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    next_offset: i64,
    /// A message that is known to be of the topic …
    known: Option<Known>,
    /// … and the one that was read last.
    last: Option<Known>,
}

impl Default for Places {
    fn default() -> Self {
        Self { of: BTreeMap::new(), started_over: false, looked_at: Instant::now() }
    }
}

impl Places {
    fn moved(&mut self, reached: &BTreeMap<i32, Reached>) {
        for (partition, reached) in reached {
            let place = self.of.entry(*partition).or_insert_with(|| Place::of(*reached));
            let known = place.known.or(reached.known);
            *place = Place { next_offset: reached.next_offset, known, last: reached.known };
        }
    }

    /// A message comes once more only where the partition is another one, or has lost its end.
    fn go_back(&self, batch: &[OwnedMessage]) -> bool {
        let is_known = |message: &OwnedMessage| {
            self.of.get(&message.partition()).is_some_and(|place| message.offset() < place.next_offset)
        };
        batch.iter().any(is_known)
    }
}

impl Place {
    fn of(reached: Reached) -> Self {
        Self { next_offset: reached.next_offset, known: reached.known, last: reached.known }
    }

    fn as_taken(&self, partition: i32, ours: &Ours) -> Taken {
        Taken {
            partition,
            next_offset: self.next_offset,
            cluster_id: ours.cluster.clone(),
            known_offset: self.known.map(|known| known.offset),
            known_message: self.known.map(|known| known.digest.to_vec()),
        }
    }
}

/// What a look at the consumer brought.
struct Gathered {
    batch: Vec<OwnedMessage>,
    /// The broker knows no such topic, or it was deleted.
    is_gone: bool,
}

/// The messages that are there, up to a batch.
fn gather(consumer: &Member) -> Gathered {
    let (mut batch, mut is_gone, mut bytes, mut patience) = (Vec::new(), false, 0, POLL);
    while batch.len() < BATCH_MESSAGES && bytes < BATCH_BYTES {
        match consumer.poll(patience) {
            None => break,
            // librdkafka has told its log, and goes on by itself
            Some(Err(reason)) => {
                tracing::debug!(%reason, "Kafka intake: consumer error");
                is_gone |= self::is_gone(&reason);
            }
            Some(Ok(message)) => {
                bytes += message.payload_len();
                batch.push(message.detach());
                patience = Duration::ZERO;
            }
        }
    }
    Gathered { batch, is_gone }
}

fn is_gone(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopicId
        )
    )
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
