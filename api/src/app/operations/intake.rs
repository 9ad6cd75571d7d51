//! The intake of facts from Kafka, as administrators see it: the offset of each partition, and the dead letters.
//! [`IntakeDesk`] hides how they are read; it exists if a broker is configured.

use domain::Moment;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;

/// How many dead letters are shown.
pub const SHOWN_LETTERS: usize = 20;
/// How many dead letters one request replays.
pub const MOST_PUT_BACK: usize = 200;

/// Reads the state of the intake, and replays dead letters.
pub trait IntakeDesk: Send + Sync {
    /// The offsets, and the latest dead letters.
    fn look(&self) -> BoxFuture<'_, sqlx::Result<Intake>>;

    /// Replays dead letters to the topic they came from, at most [`MOST_PUT_BACK`].
    fn put_back(&self, order: PutBackOrder) -> BoxFuture<'_, Result<PutBackOutcome, DeskError>>;
}

/// The state of the intake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Intake {
    /// The topic of the facts.
    pub topic: String,
    /// The consumer group that reads them.
    pub group: String,
    /// The progress of each partition.
    pub partitions: Vec<IntakePartition>,
    /// The dead letters; null while Kafka is unreachable.
    pub dead_letters: Option<DeadLetters>,
}

/// The progress of a partition of the topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntakePartition {
    /// Which.
    pub partition: i32,
    /// The offset of the next message.
    pub next_offset: i64,
}

/// The dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeadLetters {
    /// Their topic.
    pub topic: String,
    /// How many are on it, replayed or not.
    pub count: i64,
    /// The latest ones, latest first; at most 20.
    pub latest: Vec<Letter>,
}

/// A message that the intake refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLetter")]
pub struct Letter {
    /// Its partition …
    pub partition: i32,
    /// … and its offset.
    pub offset: i64,
    /// The code of the reason.
    pub reason: String,
    /// The reason in words.
    pub detail: String,
    /// The source of its fact, if it can be read …
    pub source: Option<String>,
    /// … and its id there.
    pub id: Option<String>,
    /// When it was refused.
    pub at: Option<Moment>,
    /// When it was last replayed.
    pub replayed_at: Option<Moment>,
}

/// A request to replay dead letters.
#[derive(Debug, Clone)]
pub struct PutBackOrder {
    /// Which.
    pub letters: Letters,
    /// Whether to include those that were replayed before.
    pub again: bool,
    /// The reason, for the record; `None` on the command line.
    pub reason: Option<String>,
    /// The actor, for the record.
    pub actor: Option<String>,
}

/// The dead letters to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letters {
    /// All of them.
    All,
    /// Those at these offsets.
    At {
        /// Their partition.
        partition: i32,
        /// There.
        offsets: Vec<i64>,
    },
}

/// The result of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLettersPutBack")]
pub struct PutBackOutcome {
    /// How many were replayed.
    pub replayed: usize,
    /// How many were skipped, because they were replayed before.
    pub replayed_before: usize,
    /// How many cannot be replayed, because their value was too large for the topic of dead letters.
    pub without_value: usize,
    /// How many of the offsets hold no message.
    pub missing: usize,
    /// Whether there may be more: repeat the request.
    pub more: bool,
}

/// A replay failed; some dead letters may have been replayed.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The broker did not answer, or refused them.
    #[error("Kafka: {0}")]
    Kafka(String),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
