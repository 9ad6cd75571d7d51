//! Takes a batch of messages in: reads them, has their facts judged as those of `POST /activities/batch`
//! are, sends what is refused to the dead letters, and writes the rest with the offsets in one
//! transaction. Done twice it changes nothing: facts are known by source and id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use commands::{AlsoWrite, CommandError, GuardRefusal, Ledger, Metadata, StreamKey};
use metrics::counter;
use rdkafka::Message;
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use sqlx::PgPool;
use uuid::Uuid;

use super::dead_letters::{DeadLetters, headers};
use super::identity::Known;
use super::message::facts;
use super::offsets::{NotMoved, OWNER_MOVES_THEM, Progress, Reached};
use super::refused::Refused;
use crate::app::activities::{JudgedBatch, Outcome, RawActivity, RecordError, Reporting, judge_batch};
use crate::app::clock;

/// How many facts of Kafka were recorded, were known, or were refused.
const FACTS: &str = "ledger_inbound_facts_total";

/// How often a partition was another one than before, and was read from its first message.
pub(super) const STARTED_OVER: &str = "ledger_inbound_started_over_total";

/// Tells whoever listens what the figures mean.
pub(super) fn describe() {
    metrics::describe_counter!(
        STARTED_OVER,
        "Partitions of the activities topic found recreated and consumed again from their first message"
    );
    metrics::describe_counter!(FACTS, "Activities consumed from Kafka, by outcome");
}

/// Why a batch was not taken in. Nothing of it is lost: it is read again.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// Somebody else has the partitions by now.
    #[error("another group member owns the partitions now")]
    Fenced,
    /// Others wrote about the same facts meanwhile.
    #[error("too many concurrent writes to {}/{}", .0.stream_type, .0.stream_id)]
    Outrun(StreamKey),
    /// The log or the offsets could not be written.
    #[error("{0}")]
    Log(String),
    /// The refused ones could not be sent.
    #[error("dead letters could not be sent: {0}")]
    DeadLetters(#[from] KafkaError),
}

impl From<RecordError> for Trouble {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Write(CommandError::Guard(GuardRefusal::AlsoRefused { constraint }))
                if constraint == OWNER_MOVES_THEM =>
            {
                Self::Fenced
            }
            RecordError::Write(CommandError::Conflict(stream)) => Self::Outrun(stream),
            RecordError::Read(_) | RecordError::Write(_) => Self::Log(error.to_string()),
        }
    }
}

impl From<NotMoved> for Trouble {
    fn from(error: NotMoved) -> Self {
        match error {
            NotMoved::Fenced => Self::Fenced,
            NotMoved::Database(error) => Self::Log(error.to_string()),
        }
    }
}

/// Takes batches in, one after another.
pub(super) struct Intake {
    ledger: Ledger,
    pool: PgPool,
    topic: String,
    dead_letters: DeadLetters,
    /// Whose dead letters were sent while their offsets are not saved: read again, they are not sent again.
    told: BTreeSet<(i32, i64)>,
}

/// As whom the offsets are moved, and on which cluster.
#[derive(Debug, Clone)]
pub(super) struct Ours {
    /// Another token each time that partitions are given to us.
    pub(super) owner: Uuid,
    /// Where it says one.
    pub(super) cluster: Option<String>,
}

/// A fact and the message it came with.
struct Fact {
    message: usize,
    /// Which one of several; none where a message is one fact.
    index: Option<usize>,
    raw: RawActivity,
}

/// What is refused, by message.
type AllRefused = BTreeMap<usize, Vec<(Option<usize>, Refused)>>;

impl Intake {
    pub(super) fn new(ledger: Ledger, pool: PgPool, topic: String, dead_letters: DeadLetters) -> Self {
        Self { ledger, pool, topic, dead_letters, told: BTreeSet::new() }
    }

    /// Takes a batch in, all of it or nothing, and says how far it goes.
    pub(super) async fn take(
        &mut self,
        messages: &[OwnedMessage],
        ours: &Ours,
    ) -> Result<BTreeMap<i32, Reached>, Trouble> {
        let (mut facts, mut refused) = read(messages);
        let progress = Arc::new(self.progress(messages, ours));
        let ledger = self.ledger.clone();
        let mut retry = ledger.retry();
        loop {
            let reporting = Reporting::of(Metadata::from_kafka(clock::now()));
            let raws: Vec<RawActivity> = facts.iter().map(|fact| fact.raw.clone()).collect();
            let judged = judge_batch(&ledger, &raws, &reporting).await?;
            note_refusals(&facts, judged.outcomes(), &mut refused);
            self.tell(messages, &refused).await?;
            match self.write(judged, progress.clone()).await {
                Ok(outcomes) => {
                    count(&outcomes, &refused);
                    break;
                }
                // those that were told of as refused stay so
                Err(Trouble::Outrun(stream)) if retry.after_conflict(&stream).await => {
                    facts.retain(|fact| !is_refused(&refused, fact));
                }
                Err(error) => return Err(error),
            }
        }
        let saved = |(partition, offset): &(i32, i64)| {
            progress.reached.get(partition).is_some_and(|reached| *offset < reached.next_offset)
        };
        self.told.retain(|told| !saved(told));
        Ok(progress.reached.clone())
    }

    /// What was told of stood on a topic that is not there any more.
    pub(super) fn forget_places(&mut self) {
        self.told.clear();
    }

    fn progress(&self, messages: &[OwnedMessage], ours: &Ours) -> Progress {
        let reached = last_of_each(messages)
            .map(|message| {
                let reached = Reached { next_offset: message.offset() + 1, known: Some(Known::of(message)) };
                (message.partition(), reached)
            })
            .collect();
        Progress { topic: self.topic.clone(), owner: ours.owner, cluster: ours.cluster.clone(), reached }
    }

    /// Sends those that are refused to the dead letters, each message once.
    async fn tell(&mut self, messages: &[OwnedMessage], refused: &AllRefused) -> Result<(), Trouble> {
        let mut letters = vec![];
        for (message, reasons) in refused {
            let Some(message) = messages.get(*message) else { continue };
            if !self.told.contains(&(message.partition(), message.offset()))
                && let Some(reason) = Refused::of_all(reasons)
            {
                letters.push((message, reason));
            }
        }
        self.dead_letters.send(&letters).await?;
        self.told.extend(letters.iter().map(|(message, _)| (message.partition(), message.offset())));
        Ok(())
    }

    async fn write(&self, judged: JudgedBatch<'_>, progress: Arc<Progress>) -> Result<Vec<Outcome>, Trouble> {
        if judged.adds_nothing() {
            progress.save(&self.pool).await?;
            return Ok(judged.outcomes().to_vec());
        }
        let progress: Arc<dyn AlsoWrite> = progress;
        Ok(judged.commit(Some(progress)).await?)
    }
}

/// The last message of each partition.
fn last_of_each(messages: &[OwnedMessage]) -> impl Iterator<Item = &OwnedMessage> {
    let last: BTreeMap<i32, &OwnedMessage> = messages.iter().map(|message| (message.partition(), message)).collect();
    last.into_values()
}

/// The facts of all messages in their order, and what is refused at sight.
fn read(messages: &[OwnedMessage]) -> (Vec<Fact>, AllRefused) {
    let (mut read, mut refused) = (vec![], AllRefused::new());
    for (message, one) in messages.iter().enumerate() {
        let items = match facts(&headers(one), one.payload()) {
            Ok(items) => items,
            Err(whole) => vec![Err(whole)],
        };
        let many = items.len() > 1;
        for (index, item) in items.into_iter().enumerate() {
            let item_of_many = many.then_some(index);
            match item {
                Ok(raw) => read.push(Fact { message, index: item_of_many, raw }),
                Err(reason) => refused.entry(message).or_default().push((item_of_many, reason)),
            }
        }
    }
    (read, refused)
}

fn note_refusals(facts: &[Fact], outcomes: &[Outcome], refused: &mut AllRefused) {
    for (fact, outcome) in facts.iter().zip(outcomes) {
        if let Outcome::Refused(refusal) = outcome {
            let reasons = refused.entry(fact.message).or_default();
            reasons.push((fact.index, refusal.clone().into()));
            reasons.sort_by_key(|(index, _)| *index);
        }
    }
}

fn is_refused(refused: &AllRefused, fact: &Fact) -> bool {
    let reasons = refused.get(&fact.message);
    reasons.is_some_and(|reasons| reasons.iter().any(|(index, _)| *index == fact.index))
}

fn count(outcomes: &[Outcome], refused: &AllRefused) {
    let (mut recorded, mut known) = (0, 0);
    for outcome in outcomes {
        match outcome {
            Outcome::Recorded { .. } => recorded += 1,
            Outcome::Duplicate { .. } => known += 1,
            Outcome::Refused(_) => {}
        }
    }
    let refused = refused.values().map(|reasons| reasons.len() as u64).sum();
    for (outcome, facts) in [("recorded", recorded), ("duplicate", known), ("refused", refused)] {
        counter!(FACTS, "outcome" => outcome).increment(facts);
    }
}
