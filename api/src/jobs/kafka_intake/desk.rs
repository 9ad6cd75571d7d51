//! Administration of the Kafka intake: its offsets, its dead letters, and their replay. The command line and the
//! administrators' route share it.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::Moment;
use futures::FutureExt;
use futures::future::BoxFuture;
use projections::Brokers;
use rdkafka::error::KafkaError;
use sqlx::PgPool;
use tokio::sync::Semaphore;

use super::dead_letters::{DeadLetter, PutBack, Replay, ReplayError, Which, latest, look, topic_of};
use super::offsets;
use crate::app::operations::intake::{
    DeadLetters, DeskError, Intake, IntakeDesk, IntakePartition, Letter, Letters, MOST_PUT_BACK, PutBackOrder,
    PutBackOutcome, SHOWN_LETTERS,
};

/// How many dead letters one batch replays.
const BATCH_LETTERS: usize = 200;
/// How long a replay over HTTP runs; the next request continues.
const PUTS_BACK_FOR: Duration = Duration::from_secs(8);
/// How long the broker may take to answer a read.
const LOOKS_FOR: Duration = Duration::from_secs(2);
/// Limits concurrent reads of the dead letters, because each needs its own client.
static LOOKING: Semaphore = Semaphore::const_new(2);
/// The longest foreign text shown.
const SHOWN_CHARS: usize = 1_000;
/// The most partitions shown.
const SHOWN_PARTITIONS: i64 = 1_000;

/// The topic of facts, with its consumer group and dead letters.
#[derive(Clone)]
pub struct Desk {
    /// The brokers.
    pub brokers: Brokers,
    /// The database.
    pub pool: PgPool,
    /// The topic of the facts.
    pub topic: String,
    /// The group that reads it.
    pub group: String,
}

impl Desk {
    /// Replays dead letters. With `most`, their number and the time are bounded.
    ///
    /// # Errors
    /// See [`DeskError`]. Dead letters that were replayed before the error stay recorded.
    pub async fn replay(&self, order: &PutBackOrder, most: Option<usize>) -> Result<PutBackOutcome, DeskError> {
        let begun = Instant::now();
        let put_back = PutBack::read(&self.pool, &self.topic).await?;
        let replay = Replay::new(&self.brokers, self.pool.clone(), &self.topic).map_err(kafka)?;
        let which = match &order.letters {
            Letters::All => Which::All,
            Letters::At { partition, offsets } => Which::between(*partition, offsets),
        };
        let (mut done, mut chunk, mut found) = (PutBackOutcome::default(), vec![], 0);
        let mut letters = look(&self.brokers, &self.group, &self.topic, which);
        while let Some(letter) = letters.recv().await {
            let letter = letter.map_err(kafka)?;
            if !order.letters.has(&letter) {
                continue;
            }
            found += 1;
            if put_back.at(&letter).is_some() && !order.again {
                done.replayed_before += 1;
            } else if !Replay::is_possible(&letter) {
                done.without_value += 1;
            } else {
                chunk.push(letter);
            }
            let enough = most.is_some_and(|most| done.replayed + chunk.len() >= most);
            let late = most.is_some() && begun.elapsed() > PUTS_BACK_FOR;
            if chunk.len() >= BATCH_LETTERS || enough || late {
                done.replayed += put(&replay, &mut chunk, order).await?;
            }
            if enough || late {
                done.more = true;
                break;
            }
        }
        done.replayed += put(&replay, &mut chunk, order).await?;
        if let Letters::At { offsets, .. } = &order.letters {
            done.missing = offsets.len().saturating_sub(found);
            done.more &= found < offsets.len();
        }
        Ok(done)
    }

    async fn latest(&self) -> sqlx::Result<Option<DeadLetters>> {
        let Ok(Ok(_turn)) = tokio::time::timeout(LOOKS_FOR, LOOKING.acquire()).await else { return Ok(None) };
        let (count, letters) = match latest(&self.brokers, &self.group, &self.topic, SHOWN_LETTERS, LOOKS_FOR).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the dead letters cannot be read from Kafka");
                return Ok(None);
            }
        };
        let put_back = PutBack::of(&self.pool, &self.topic, &letters).await?;
        let latest = letters.iter().map(|letter| shown(letter, &put_back)).collect();
        Ok(Some(DeadLetters { topic: topic_of(&self.topic), count, latest }))
    }
}

impl IntakeDesk for Desk {
    fn look(&self) -> BoxFuture<'_, sqlx::Result<Intake>> {
        async move {
            let partitions = offsets::reached(&self.pool, &self.topic, SHOWN_PARTITIONS).await?;
            let partitions = partitions.into_iter();
            Ok(Intake {
                topic: self.topic.clone(),
                group: self.group.clone(),
                partitions: partitions
                    .map(|(partition, next_offset)| IntakePartition { partition, next_offset })
                    .collect(),
                dead_letters: self.latest().await?,
            })
        }
        .boxed()
    }

    fn put_back(&self, order: PutBackOrder) -> BoxFuture<'_, Result<PutBackOutcome, DeskError>> {
        async move { self.replay(&order, Some(MOST_PUT_BACK)).await }.boxed()
    }
}

impl Letters {
    fn has(&self, letter: &DeadLetter) -> bool {
        match self {
            Self::All => true,
            Self::At { partition, offsets } => letter.partition() == *partition && offsets.contains(&letter.offset()),
        }
    }
}

async fn put(replay: &Replay, chunk: &mut Vec<DeadLetter>, order: &PutBackOrder) -> Result<usize, DeskError> {
    if chunk.is_empty() {
        return Ok(0);
    }
    replay.put_back(chunk, order.reason.as_deref(), order.actor.as_deref()).await?;
    Ok(chunk.drain(..).count())
}

fn shown(letter: &DeadLetter, put_back: &PutBack) -> Letter {
    let (source, id) = letter.identity();
    let moment = |at: DateTime<Utc>| Moment::from(at);
    Letter {
        partition: letter.partition(),
        offset: letter.offset(),
        reason: cut(letter.reason()),
        detail: cut(letter.detail()),
        source: source.map(cut),
        id: id.map(cut),
        at: DateTime::from_timestamp_millis(letter.refused_at_ms()).map(moment),
        replayed_at: put_back.at(letter).map(moment),
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn kafka(error: KafkaError) -> DeskError {
    DeskError::Kafka(error.to_string())
}

impl From<ReplayError> for DeskError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Kafka(error) => kafka(error),
            ReplayError::NotRemembered(error) => Self::Database(error),
        }
    }
}
