//! The event store that `cqrs-es` runs our aggregates on: it loads by the coalesced reader and
//! commits through the sequencer. What the framework does not hand on (position, receipt, the
//! reasons of the log) is kept in the store of one command.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use domain::{LedgerAggregate, Moment};

use crate::guards::value::{coupon_use_of, value_changes_of};
use crate::guards::{Caps, changes_of};
use crate::ledger::Shared;
use crate::ledger::stream_key;
use crate::ledger::unit::Pending;
use crate::log::append::{Append, AppendError, NewEvent, StreamKey};
use crate::log::coalesce::ReadError;
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::AnswerFromReceipt;
use crate::log::streams::Loaded;

/// The store of one command.
pub struct LedgerStore<'a, A> {
    shared: &'a Shared,
    metadata: Option<Metadata>,
    expects: Vec<(StreamKey, i64)>,
    caps: Vec<Arc<Caps>>,
    pending: Option<&'a Pending>,
    seen: Option<Vec<i64>>,
    answer: AnswerFromReceipt<A>,
    loaded: Mutex<Option<Loaded<A>>>,
    slot: Slot<A>,
}

/// Where the outcome of one command is left for whoever sent it.
pub(crate) struct Slot<A>(Arc<Mutex<Left<A>>>);

struct Left<A> {
    outcome: Option<Outcome<A>>,
    position: i64,
}

impl<A> Clone for Slot<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A> Slot<A> {
    fn left(&self) -> MutexGuard<'_, Left<A>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self) -> Option<Outcome<A>> {
        self.left().outcome.take()
    }

    /// The position of the last event of the stream, as it was loaded.
    pub(crate) fn position(&self) -> i64 {
        self.left().position
    }
}

/// What the framework's own answer has no room for.
pub(crate) enum Outcome<A> {
    /// Loaded, decided and, unless it belongs to a unit, written.
    Done { loaded: Loaded<A>, appended: usize },
    /// The log did not take it.
    Refused(AppendError),
    /// It could not be read.
    Unread(ReadError),
    /// It has gone on since it was seen.
    Stale { sequence: i64, position: i64 },
}

/// An aggregate between load and commit.
#[derive(Debug)]
pub struct LedgerContext<A> {
    loaded: Loaded<A>,
}

impl<A: LedgerAggregate> AggregateContext<A> for LedgerContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.loaded.state
    }
}

impl<'a, A: LedgerAggregate> LedgerStore<'a, A> {
    /// A store for commands whose metadata comes through the framework.
    #[must_use]
    pub(crate) fn new(shared: &'a Shared) -> Self {
        let slot = Slot(Arc::new(Mutex::new(Left { outcome: None, position: 0 })));
        Self {
            shared,
            metadata: None,
            expects: Vec::new(),
            caps: Vec::new(),
            pending: None,
            seen: None,
            answer: AnswerFromReceipt::none(),
            loaded: Mutex::new(None),
            slot,
        }
    }

    pub(crate) fn with(self, metadata: Metadata, expects: Vec<(StreamKey, i64)>) -> Self {
        Self { metadata: Some(metadata), expects, ..self }
    }

    /// Judges its grants by these budgets as well.
    pub(crate) fn capped_by(self, caps: Vec<Arc<Caps>>) -> Self {
        Self { caps, ..self }
    }

    pub(crate) fn within(self, pending: &'a Pending) -> Self {
        Self { pending: Some(pending), ..self }
    }

    /// Decides only while the number of the stream's last event is one of these, if any are given. A
    /// stream that is not there is for its rules to refuse.
    pub(crate) fn seen_at(self, seen: Option<Vec<i64>>) -> Self {
        Self { seen, ..self }
    }

    /// Stores the answer to the command in the same transaction.
    pub(crate) fn storing(self, answer: AnswerFromReceipt<A>) -> Self {
        Self { answer, ..self }
    }

    /// Decides on what was read already, instead of reading it again.
    pub(crate) fn on(self, loaded: Loaded<A>) -> Self {
        Self { loaded: Mutex::new(Some(loaded)), ..self }
    }

    pub(crate) fn slot(&self) -> Slot<A> {
        self.slot.clone()
    }

    fn leave(&self, outcome: Outcome<A>) {
        self.slot.left().outcome = Some(outcome);
    }

    async fn load(&self, id: &str) -> Result<Loaded<A>, AggregateError<A::Error>> {
        if let Some(loaded) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Ok(loaded);
        }
        let key = stream_key::<A>(id);
        if let Some(loaded) = self.pending.and_then(|pending| pending.loaded::<A>(&key)) {
            return Ok(loaded);
        }
        let read = match self.shared.streams.read(key.clone()).await {
            Ok(events) => Loaded::fold(key, &events),
            Err(error) => Err(error),
        };
        read.map_err(|error| {
            let answer = AggregateError::DatabaseConnectionError(error.clone().into());
            self.leave(Outcome::Unread(error));
            answer
        })
    }
}

impl<A: LedgerAggregate> EventStore<A> for LedgerStore<'_, A> {
    type AC = LedgerContext<A>;

    async fn load_events(&self, id: &str) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        use cqrs_es::persist::PersistedEventRepository;
        let stored = self.shared.repository().get_events::<A>(id).await?;
        stored.into_iter().map(|event| EventEnvelope::try_from(event).map_err(AggregateError::from)).collect()
    }

    async fn load_aggregate(&self, id: &str) -> Result<Self::AC, AggregateError<A::Error>> {
        let loaded = self.load(id).await?;
        self.slot.left().position = loaded.position;
        if loaded.sequence > 0 && self.seen.as_ref().is_some_and(|seen| !seen.contains(&loaded.sequence)) {
            self.leave(Outcome::Stale { sequence: loaded.sequence, position: loaded.position });
            return Err(AggregateError::AggregateConflict);
        }
        Ok(LedgerContext { loaded })
    }

    /// The framework has applied the events to the context's aggregate already.
    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let mut loaded = context.loaded;
        if events.is_empty() {
            self.leave(Outcome::Done { loaded, appended: 0 });
            return Ok(vec![]);
        }
        let own =
            self.metadata.clone().unwrap_or_else(|| Metadata::from_map(&metadata, Moment::from(chrono::Utc::now())));
        let mut append = Append {
            metadata: own,
            events: vec![],
            expects: self.expects.clone(),
            guards: vec![],
            value: vec![],
            caps: self.caps.clone(),
            also: None,
            stored_answer: None,
        };
        let mut moved = Vec::new();
        let mut envelopes = Vec::with_capacity(events.len());
        for payload in events {
            loaded.sequence += 1;
            let event = payload.clone().into();
            append.guards.extend(changes_of(&event, &loaded.stream.stream_id));
            let place = i64::try_from(append.events.len()).unwrap_or(i64::MAX);
            append.value.extend(coupon_use_of(&event, &loaded.stream.stream_id));
            let changes = value_changes_of(&event, place);
            append.events.push(NewEvent::of(loaded.stream.clone(), loaded.sequence, &event)?);
            if !changes.is_empty() {
                append.value.extend(changes);
                moved.push(event);
            }
            envelopes.push(EventEnvelope {
                aggregate_id: loaded.stream.stream_id.to_string(),
                sequence: usize::try_from(loaded.sequence).unwrap_or(usize::MAX),
                payload,
                metadata: metadata.clone(),
            });
        }
        let appended = append.events.len();
        if let Some(pending) = self.pending {
            pending.add(append, moved, loaded.clone());
            self.leave(Outcome::Done { loaded, appended });
            return Ok(envelopes);
        }
        append.stored_answer = self.answer.on_append(|| Receipt::of(loaded.clone(), appended));
        match self.shared.append(append).await {
            Ok(written) => {
                loaded.position = written.last_position;
                loaded.created_at.get_or_insert(written.recorded_at);
                loaded.updated_at = Some(written.recorded_at);
                self.leave(Outcome::Done { loaded, appended });
                Ok(envelopes)
            }
            Err(refused) => {
                let answer = match &refused {
                    AppendError::Conflict(_) => AggregateError::AggregateConflict,
                    AppendError::Unavailable | AppendError::Overloaded => {
                        AggregateError::DatabaseConnectionError(refused.clone().into())
                    }
                    AppendError::Guard(_) | AppendError::TooLarge { .. } | AppendError::Broken(_) => {
                        AggregateError::UnexpectedError(refused.clone().into())
                    }
                };
                self.leave(Outcome::Refused(refused));
                Err(answer)
            }
        }
    }
}
