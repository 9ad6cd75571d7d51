//! Is the topic the log? Compared up to the position where the log ends at the start; the relay is waited
//! for. It writes nothing, and may be asked beside everything else.

mod comparison;
mod reader;

use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::PgPool;

use self::comparison::{Comparison, Promise};
use self::reader::Reader;
use crate::audit::{Check, stored};
use crate::engine::checkpoint;
use crate::kafka::relay;
use crate::kafka::topic::Topic;
use crate::log;
use crate::log::partition::{PARTITIONS, partition_of};

/// How often it is looked whether the relay has come further.
const LOOK_AGAIN_MS: u64 = 200;

/// What is on a topic could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum TopicVerificationError {
    /// The database did not answer, or refused.
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    /// The broker did not answer, or refused.
    #[error("Kafka: {0}")]
    Kafka(String),
}

impl From<rdkafka::error::KafkaError> for TopicVerificationError {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        Self::Kafka(error.to_string())
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TopicVerification {
    /// The topic.
    pub topic: String,
    /// Up to where the log was compared.
    pub position: i64,
    /// Up to where the relay says that it has published.
    pub relay_position: i64,
    /// How many messages were read.
    pub messages: i64,
    /// How many of them repeat another one, byte for byte: that is allowed.
    pub duplicates: i64,
    /// How many positions are not on the topic.
    pub missing: i64,
    /// How many positions came, the first time, after a later one of their key, or in another partition.
    pub out_of_order: i64,
    /// How many messages are not what the log would send.
    pub different: i64,
    /// How many messages have no position, or one that the log does not have.
    pub unknown: i64,
    /// Each promise, and the first time that it is broken.
    pub checks: Vec<Check>,
}

impl TopicVerification {
    /// The topic is the log.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}

/// What it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicVerificationProgress {
    /// Reads the topic.
    Reads {
        /// How many messages were read.
        messages: i64,
        /// How many there are in all.
        of: i64,
    },
    /// Waits for the relay.
    Waits {
        /// Up to where it has published.
        relay_position: i64,
    },
}

/// Compares the topic with the log up to where that ends now, and gives the relay some time to get there once
/// everything is read.
///
/// # Errors
/// It could not be looked.
pub async fn verify(
    pool: &PgPool,
    topic: &Topic,
    wait: Duration,
    progress: &mut (dyn FnMut(TopicVerificationProgress) + Send),
) -> Result<TopicVerification, TopicVerificationError> {
    let head = log::head(&mut *pool.acquire().await?).await?.position;
    let mut patience = Patience { wait, until: None };
    let partitions = loop {
        match topic
            .brokers
            .partitions(&topic.name)
            .await
            .map_err(|error| TopicVerificationError::Kafka(error.to_string()))?
        {
            Some(partitions) => break partitions,
            None if patience.is_at_its_end() => return Ok(not_there(topic, head)),
            None => wait_for(0, progress).await,
        }
    };
    let mut reader = Reader::open(topic, partitions).await?;
    let mut comparison = Comparison::new(&topic.ce_source, partitions);
    let mut was_there = false;
    let relay_position = loop {
        // asked for first: what is acknowledged by then is on the topic when it is looked where that ends
        let said = relay_position(pool).await?;
        reader.look().await?;
        // what the relay has sent elsewhere does not count: it fills a new topic from position 1
        let relay_position = if reader.is_new() { 0 } else { said };
        loop {
            let page = reader.page().await?;
            if page.is_empty() {
                break;
            }
            comparison.take_in(&mut *pool.acquire().await?, &page).await?;
            let (messages, of) = reader.read();
            progress(TopicVerificationProgress::Reads { messages, of });
        }
        // it may have begun anew since it was asked: it must still be there when it is asked once more
        let is_there = relay_position >= head;
        if comparison.missing(head) == 0 || (is_there && was_there) || patience.is_at_its_end() {
            break relay_position;
        }
        was_there = is_there;
        wait_for(relay_position, progress).await;
    };
    let missing = missing(pool, &comparison, &reader, partitions, head, relay_position).await?;
    Ok(TopicVerification {
        topic: topic.name.clone(),
        position: head,
        relay_position,
        messages: comparison.messages,
        duplicates: comparison.duplicates,
        missing: comparison.missing(head),
        out_of_order: comparison.order.broken,
        different: comparison.bytes.broken,
        unknown: comparison.positions.broken,
        checks: vec![
            right_partitions(partitions),
            missing,
            comparison.order.check,
            comparison.bytes.check,
            comparison.positions.check,
        ],
    })
}

/// How long the relay is waited for, counted from when that was first necessary.
struct Patience {
    wait: Duration,
    until: Option<Instant>,
}

impl Patience {
    fn is_at_its_end(&mut self) -> bool {
        let now = Instant::now();
        now >= *self.until.get_or_insert(now + self.wait)
    }
}

async fn wait_for(relay_position: i64, progress: &mut (dyn FnMut(TopicVerificationProgress) + Send)) {
    progress(TopicVerificationProgress::Waits { relay_position });
    tokio::time::sleep(Duration::from_millis(LOOK_AGAIN_MS)).await;
}

async fn relay_position(pool: &PgPool) -> sqlx::Result<i64> {
    let positions = checkpoint::positions(&mut *pool.acquire().await?).await?;
    Ok(positions.into_iter().find(|(name, _)| name == relay::NAME).map_or(0, |(_, position)| position))
}

fn right_partitions(partitions: i32) -> Check {
    let mut check = Check::new("partitions");
    check.checked = i64::from(partitions);
    if partitions != PARTITIONS {
        check.fails(None, format!("the topic has {partitions} partitions, not {PARTITIONS}"));
    }
    check
}

async fn missing(
    pool: &PgPool,
    comparison: &Comparison<'_>,
    reader: &Reader,
    partitions: i32,
    head: i64,
    relay_position: i64,
) -> sqlx::Result<Check> {
    let mut check = Check::new("missing");
    check.checked = head;
    let Some(position) = comparison.first_missing(head) else { return Ok(check) };
    let reason = match stored(&mut *pool.acquire().await?, &[position]).await?.pop() {
        None => "neither the log nor the topic has it; `audit verify` says more".to_owned(),
        Some((_, Err(unreadable))) => format!("it is not on the topic, nor can it be read: {}", unreadable.reason),
        Some((_, Ok(entry))) => {
            let partition = partition_of(&entry.subject, partitions);
            let (key, first) = (&entry.subject, reader.first(partition));
            let mut reason = format!("it is not on the topic: partition {partition}, key {key}");
            if first > 0 {
                reason.push_str(&format!("; the partition begins at offset {first}, what was before it is deleted"));
            }
            if relay_position < position {
                reason.push_str(&format!("; the relay has only reached position {relay_position}"));
            }
            reason
        }
    };
    check.fails(Some(position), reason);
    Ok(check)
}

/// Nobody has made the topic, or it was deleted.
fn not_there(topic: &Topic, head: i64) -> TopicVerification {
    let mut missing = Promise::new("missing");
    missing.check.checked = head;
    if head > 0 {
        missing.breaks(Some(1), format!("there is no topic {}", topic.name));
    }
    TopicVerification {
        topic: topic.name.clone(),
        position: head,
        relay_position: 0,
        messages: 0,
        duplicates: 0,
        missing: head,
        out_of_order: 0,
        different: 0,
        unknown: 0,
        checks: vec![missing.check],
    }
}
