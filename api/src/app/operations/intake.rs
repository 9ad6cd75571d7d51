//! Facts that other services put on Kafka, as administrators see them: how far each partition is, and what was refused.
//! Who reads them, and how, is behind [`IntakeDesk`]: it is there where a broker is.

use domain::Moment;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;

/// How many dead letters are shown.
pub const SHOWN_LETTERS: usize = 20;
/// How many dead letters are put back by one request.
pub const MOST_PUT_BACK: usize = 200;

/// Whoever can look at the facts that come from Kafka, and put back what was refused.
pub trait IntakeDesk: Send + Sync {
    /// How far it is, and the latest dead letters.
    fn look(&self) -> BoxFuture<'_, sqlx::Result<Intake>>;

    /// Puts dead letters back on the topic they came from, [`MOST_PUT_BACK`] at most.
    fn put_back(&self, order: PutBackOrder) -> BoxFuture<'_, Result<PutBackOutcome, DeskError>>;
}

/// How the intake is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Intake {
    /// Where facts come from.
    pub topic: String,
    /// The consumer group that reads them.
    pub group: String,
    /// How far each partition is.
    pub partitions: Vec<IntakePartition>,
    /// What was refused; null while Kafka cannot be reached.
    pub dead_letters: Option<DeadLetters>,
}

/// How far a partition of the topic of facts is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntakePartition {
    /// Which.
    pub partition: i32,
    /// The first message that is not taken in yet.
    pub next_offset: i64,
}

/// What was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeadLetters {
    /// Their topic.
    pub topic: String,
    /// How many are on it, put back or not.
    pub count: i64,
    /// The latest, the latest first; 20 at most.
    pub latest: Vec<Letter>,
}

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLetter")]
pub struct Letter {
    /// Its partition …
    pub partition: i32,
    /// … and its place there.
    pub offset: i64,
    /// The code of the reason.
    pub reason: String,
    /// The reason in words.
    pub detail: String,
    /// The source of its fact, where it can be read …
    pub source: Option<String>,
    /// … and its id there.
    pub id: Option<String>,
    /// When it was refused.
    pub at: Option<Moment>,
    /// When it was put back last.
    pub replayed_at: Option<Moment>,
}

/// Which dead letters to put back, and who wants it.
#[derive(Debug, Clone)]
pub struct PutBackOrder {
    /// Which.
    pub letters: Letters,
    /// Those that were put back before, too.
    pub again: bool,
    /// Why, for the record; none on the command line.
    pub reason: Option<String>,
    /// By whom, for the record.
    pub actor: Option<String>,
}

/// Which dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letters {
    /// All of them.
    All,
    /// Those at these places.
    At {
        /// In this partition.
        partition: i32,
        /// There.
        offsets: Vec<i64>,
    },
}

/// What became of the dead letters that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DeadLettersPutBack")]
pub struct PutBackOutcome {
    /// How many are back.
    pub replayed: usize,
    /// How many were put back before, and stay.
    pub replayed_before: usize,
    /// How many have no value, because it was too large for their topic.
    pub without_value: usize,
    /// How many of the places that were named are empty.
    pub missing: usize,
    /// There may be more: ask again.
    pub more: bool,
}

/// Dead letters were not put back; some of them may be.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The broker did not answer, or did not take them.
    #[error("Kafka: {0}")]
    Kafka(String),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
