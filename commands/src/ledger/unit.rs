//! Several commands that stand or fall together: each sees what those before it did, and all of
//! their events are one append.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use domain::id::{LotId, MemberId};
use domain::value::{Account, Entry, UnitCode, entries, hold_change};
use domain::{Event, LedgerAggregate};

use crate::guards::Caps;
use crate::ledger::CommandError;
use crate::ledger::Ledger;
use crate::ledger::stream_key;
use crate::log::append::{AlsoWrite, Append, Appended, StreamKey};
use crate::log::coalesce::ReadError;
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::{AnswerFromAppend, AnswerFromReceipt};
use crate::log::streams::{Loaded, read_streams};
use crate::wallets::KnownWallet;

/// Commands that are decided but not written yet.
pub struct Unit<'a> {
    ledger: &'a Ledger,
    metadata: Metadata,
    also: Option<Arc<dyn AlsoWrite>>,
    stored_answer: Option<AnswerFromAppend>,
    pending: Pending,
}

/// What a unit has decided so far.
#[derive(Default)]
pub(crate) struct Pending {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    appends: Vec<Append>,
    /// Those of the events that move value.
    moved: Vec<Event>,
    states: HashMap<StreamKey, Box<dyn Any + Send>>,
}

impl Pending {
    pub(crate) fn loaded<A: LedgerAggregate>(&self, key: &StreamKey) -> Option<Loaded<A>> {
        self.inner.lock().ok()?.states.get(key)?.downcast_ref::<Loaded<A>>().cloned()
    }

    pub(crate) fn add<A: LedgerAggregate>(&self, append: Append, moved: Vec<Event>, loaded: Loaded<A>) {
        if let Ok(mut inner) = self.inner.lock() {
            inner.appends.push(append);
            inner.moved.extend(moved);
            inner.states.insert(loaded.stream.clone(), Box::new(loaded));
        }
    }

    /// Takes into account what the unit has moved in a wallet; lots that it gives are younger than all others.
    fn apply_to(&self, wallet: &mut KnownWallet) {
        let Ok(inner) = self.inner.lock() else { return };
        for event in &inner.moved {
            let entries = entries(event);
            let own = || entries.iter().filter(|entry| (entry.member, entry.unit) == (wallet.member_id, &wallet.unit));
            if own().next().is_none() {
                continue;
            }
            let holdings = Arc::make_mut(&mut wallet.holdings);
            own().for_each(|entry| holdings.apply(entry, i64::MAX));
            let of_hold = |entry: &&Entry<'_>| entry.from == Account::Held || entry.to == Account::Held;
            if let Some((hold, change)) = hold_change(event).filter(|_| own().any(|entry| of_hold(&entry))) {
                holdings.apply_hold(hold, &change);
            }
        }
    }

    fn remember<A: LedgerAggregate>(&self, loaded: Loaded<A>) {
        if let Ok(mut inner) = self.inner.lock() {
            inner.states.insert(loaded.stream.clone(), Box::new(loaded));
        }
    }
}

impl<'a> Unit<'a> {
    pub(crate) fn new(ledger: &'a Ledger, metadata: Metadata) -> Self {
        Self { ledger, metadata, also: None, stored_answer: None, pending: Pending::default() }
    }

    /// Writes these rows in the same transaction.
    #[must_use]
    pub fn also(self, rows: Arc<dyn AlsoWrite>) -> Self {
        Self { also: Some(rows), ..self }
    }

    /// Stores the answer to the whole unit in the same transaction.
    #[must_use]
    pub fn storing(self, answer: Option<AnswerFromAppend>) -> Self {
        Self { stored_answer: answer, ..self }
    }

    /// Reads many aggregates of one kind at once, so that the commands that follow need not.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn preload<A: LedgerAggregate>(&self, ids: &[String]) -> Result<(), ReadError> {
        let keys: Vec<_> = ids.iter().map(|id| stream_key::<A>(id)).collect();
        let streams = read_streams(&mut *self.ledger.shared.pool.acquire().await?, &keys).await?;
        for (key, events) in keys.into_iter().zip(streams) {
            self.pending.remember(Loaded::<A>::fold(key, &events)?);
        }
        Ok(())
    }

    /// Runs a command on an aggregate that the caller already has, without reading it. If its stream has moved on, the
    /// unit writes nothing.
    pub fn go_on_from<A: LedgerAggregate>(&self, known: Loaded<A>) {
        self.pending.remember(known);
    }

    /// Reads one aggregate as the commands before left it; what was preloaded is not read again.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn load<A: LedgerAggregate>(&self, id: &str) -> Result<Loaded<A>, ReadError> {
        match self.pending.loaded::<A>(&stream_key::<A>(id)) {
            Some(loaded) => Ok(loaded),
            None => self.ledger.load::<A>(id).await,
        }
    }

    /// What a member holds of one unit as the commands before left it; lots that are used up are there if `also` names them.
    pub(crate) async fn known_wallet(
        &self,
        member: MemberId,
        code: &UnitCode,
        also: &[LotId],
    ) -> Result<KnownWallet, ReadError> {
        let mut wallet = self.ledger.known_wallet(member, code, also).await?;
        self.pending.apply_to(&mut wallet);
        Ok(wallet)
    }

    /// Decides one command; its events wait for [`Unit::commit`].
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn execute<A: LedgerAggregate>(
        &self,
        id: &str,
        command: A::Command,
    ) -> Result<Receipt<A>, CommandError<A::Error>> {
        let store = self.ledger.store().with(self.metadata.clone(), vec![]).within(&self.pending);
        self.ledger.run(id, command, store).await
    }

    /// The same, and only while the number of the stream's last event is one of those `seen`, if any are given.
    pub(crate) async fn execute_seen<A: LedgerAggregate>(
        &self,
        known: Loaded<A>,
        command: A::Command,
        expects: Vec<(StreamKey, i64)>,
        seen: Option<Vec<i64>>,
    ) -> Result<Receipt<A>, CommandError<A::Error>> {
        let id = known.stream.stream_id.clone();
        let store = self.ledger.store().with(self.metadata.clone(), expects).on(known).within(&self.pending);
        self.ledger.run(&id, command, store.seen_at(seen)).await
    }

    /// The same for a claim that these budgets limit.
    pub(crate) async fn execute_capped<A: LedgerAggregate>(
        &self,
        known: Loaded<A>,
        command: A::Command,
        expects: Vec<(StreamKey, i64)>,
        caps: Vec<Arc<Caps>>,
    ) -> Result<Receipt<A>, CommandError<A::Error>> {
        let id = known.stream.stream_id.clone();
        let store = self.ledger.store().with(self.metadata.clone(), expects).on(known).within(&self.pending);
        self.ledger.run(&id, command, store.capped_by(caps)).await
    }

    /// The same, under the condition that other streams it depends on have not moved on either.
    pub(crate) async fn execute_on<A: LedgerAggregate>(
        &self,
        known: Loaded<A>,
        command: A::Command,
        expects: Vec<(StreamKey, i64)>,
    ) -> Result<Receipt<A>, CommandError<A::Error>> {
        self.execute_seen(known, command, expects, None).await
    }

    pub(crate) fn ledger(&self) -> &'a Ledger {
        self.ledger
    }

    /// Writes everything that was decided, and says of the last command where the log has it; its answer is stored in the
    /// same transaction.
    pub(crate) async fn commit_last<A: LedgerAggregate>(
        mut self,
        receipt: Receipt<A>,
        answer: &AnswerFromReceipt<A>,
    ) -> Result<Receipt<A>, CommandError<A::Error>> {
        self.stored_answer = answer.on_append(|| receipt.clone());
        let appended = self.commit().await?;
        Ok(appended.map_or_else(|| receipt.clone(), |appended| receipt.placed(&appended)))
    }

    /// Writes everything that was decided; `None` when there was nothing to write.
    ///
    /// # Errors
    /// See [`CommandError`]; on a conflict the whole unit must be decided anew.
    pub async fn commit<R>(self) -> Result<Option<Appended>, CommandError<R>> {
        let appends = self.pending.inner.into_inner().map(|inner| inner.appends).unwrap_or_default();
        let mut whole = Append {
            metadata: self.metadata,
            events: vec![],
            expects: vec![],
            guards: vec![],
            value: vec![],
            caps: vec![],
            also: self.also,
            stored_answer: self.stored_answer,
        };
        for append in appends {
            let before = whole.events.len();
            whole.value.extend(append.value.into_iter().map(|change| change.behind(before)));
            whole.events.extend(append.events);
            whole.expects.extend(append.expects);
            whole.guards.extend(append.guards);
            whole.caps.extend(append.caps);
        }
        if whole.events.is_empty() {
            return Ok(None);
        }
        self.ledger.shared.append(whole).await.map(Some).map_err(CommandError::from)
    }
}
