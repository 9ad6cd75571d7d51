//! The one write path: every command goes through [`Ledger::execute`] (or a [`Unit`] of several),
//! every event enters the log through the [`sequencer`](crate::log::sequencer). It knows no read table and no HTTP.
//!
//! | what is asked | aggregate | id of its stream |
//! |---|---|---|
//! | a member joins, moves, completes a profile, gets a role | `Member` | the member's id |
//! | a source reports a fact, the ledger sees a log-in | `Activity` | `ActivityId::of(source, id)` |
//! | an operator creates or changes a campaign or its rewards | `Campaign` | the campaign's id |
//! | a member brings another, who qualifies | `Referral` | the invitee's id |
//! | a member asks for a reward, staff decide | `Claim` | `ClaimId::of(reward, member, period)` |
//! | an administrator defines what points there are | `Unit` | the code of the unit |
//! | a shop takes points, holds them or gives them back | `Spend` | `SpendId::of(caller, reference)` |
//! | an administrator limits what the programme gives | `Programme` | `programme` |
//! | a part of a budget is gone | `BudgetPeriod` | `BudgetPeriodId::of(scope, unit, period)` |
//! | lots end, debts are settled, an erasure empties | `Wallet` | `WalletId::of(member, unit)` |
//! | staff change a wallet, alone or with somebody else | `Adjustment` | an id of its own |
//! | a member sends points to another | `Transfer` | `TransferId::of(sender, reference)` |

pub(crate) mod repository;
pub(crate) mod retry;
pub(crate) mod store;
pub(crate) mod stream_locks;
pub(crate) mod unit;

use std::sync::Arc;

use cqrs_es::AggregateError;
use cqrs_es::CqrsFramework;
use domain::chain::Chained;
use domain::{LedgerAggregate, Moment};
use sqlx::PgPool;
use tokio::sync::{Semaphore, watch};

use crate::claims::campaigns;
use crate::claims::counting::KnownProgramme;
use crate::coupons;
use crate::guards::low_codes::LowCodes;
use crate::guards::{self, GuardRefusal};
use crate::log::append::{self, Append, AppendError, Appended, StreamKey};
use crate::log::coalesce::ReadError;
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::sequencer::{Clock, Sequencer};
use crate::log::stored_answers::AnswerFromReceipt;
use crate::log::streams::{self, Loaded, StreamReader};
use crate::log::{epoch, lookups};
use crate::wallets::holdings::{self, WalletReader};
use crate::wallets::units;
use repository::LedgerRepository;
use store::{LedgerStore, Outcome};
use unit::Unit;

/// The write side of the ledger; cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) pool: PgPool,
    sequencer: Sequencer,
    pub(crate) streams: StreamReader,
    pub(crate) wallets: WalletReader,
    pub(crate) rewards: campaigns::RewardReader,
    pub(crate) campaigns: campaigns::Campaigns,
    pub(crate) units: units::Units,
    pub(crate) programme: KnownProgramme,
    pub(crate) codes: coupons::CodeReader,
    pub(crate) low_codes: LowCodes,
    /// Who adds or withdraws codes holds a connection and needs another: one at a time.
    pub(crate) staging: Semaphore,
    locks: Arc<stream_locks::StreamLocks>,
}

impl Shared {
    /// Writes. The terms of units that have gone on since they were read are forgotten, so that whoever decides anew reads
    /// them anew.
    pub(crate) async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let written = self.sequencer.append(append).await;
        if let Err(AppendError::Conflict(stream)) = &written
            && stream.stream_type == <domain::unit::Unit as cqrs_es::Aggregate>::TYPE
        {
            self.units.forget();
        }
        written
    }

    pub(crate) fn repository(&self) -> LedgerRepository {
        LedgerRepository::new(self.pool.clone(), self.sequencer.clone())
    }
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<R> {
    /// A rule refused it.
    #[error("refused by a rule")]
    Refused {
        /// Which rule.
        refusal: R,
        /// The position of the stream's last event.
        position: i64,
    },
    /// A limit that holds across aggregates refused it.
    #[error(transparent)]
    Guard(GuardRefusal),
    /// The stream has gone on since whoever asks has seen it; nothing was tried.
    #[error("the stream is already at sequence {sequence}")]
    Stale {
        /// The number of the stream's last event.
        sequence: i64,
        /// The position of the stream's last event.
        position: i64,
    },
    /// The stream kept going on while the command was decided, until the time was up.
    #[error("the stream {}/{} kept changing", .0.stream_type, .0.stream_id)]
    Conflict(StreamKey),
    /// An event would be larger than the log takes; nothing was tried.
    #[error("an event of {bytes} bytes is larger than the {} that an event may have", append::MAX_EVENT_BYTES)]
    TooLarge {
        /// How large it would be.
        bytes: usize,
    },
    /// Too much is waiting already; nothing was tried.
    #[error("the queue is full")]
    Overloaded,
    /// The database is out of reach; it is not known whether the command took effect.
    #[error("the database cannot be reached")]
    Unavailable,
    /// A defect.
    #[error("{0}")]
    Broken(Arc<str>),
}

impl<R> From<AppendError> for CommandError<R> {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(key) => Self::Conflict(key),
            AppendError::Guard(refusal) => Self::Guard(refusal),
            AppendError::TooLarge { bytes } => Self::TooLarge { bytes },
            AppendError::Overloaded => Self::Overloaded,
            AppendError::Unavailable => Self::Unavailable,
            AppendError::Broken(reason) => Self::Broken(reason.into()),
        }
    }
}

impl<R> From<ReadError> for CommandError<R> {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Overloaded => Self::Overloaded,
            ReadError::Unavailable => Self::Unavailable,
            ReadError::Broken(reason) => Self::Broken(reason),
        }
    }
}

pub(crate) fn stream_key<A: LedgerAggregate>(id: &str) -> StreamKey {
    StreamKey { stream_type: A::TYPE, stream_id: id.into() }
}

impl Ledger {
    /// Starts the write side on a migrated database.
    ///
    /// # Errors
    /// The database is unreachable.
    pub async fn start(pool: PgPool) -> Result<Self, sqlx::Error> {
        Self::start_by(Clock::Machine, pool).await
    }

    /// Starts the write side for writing a history to an empty log: each event is recorded at the time of its command,
    /// taken from the metadata. `None` if the log is not empty. If another process writes to the log meanwhile, this
    /// writer ends. Nothing is guaranteed to be on disk before [`Ledger::on_disk`].
    ///
    /// # Errors
    /// The database is unreachable.
    pub async fn start_in_the_past(pool: PgPool) -> Result<Option<Self>, sqlx::Error> {
        let empty: bool = sqlx::query_scalar("select position = 0 from log_head").fetch_one(&pool).await?;
        if empty { Self::start_by(Clock::AsAsked, pool).await.map(Some) } else { Ok(None) }
    }

    /// Waits until everything written so far is on disk, by an update of the log's head that changes nothing and waits
    /// for the disk.
    ///
    /// # Errors
    /// The database is unreachable.
    pub async fn on_disk(&self) -> Result<(), sqlx::Error> {
        let changed = sqlx::query("update log_head set position = position").execute(&self.shared.pool);
        changed.await.map(|_| ())
    }

    async fn start_by(clock: Clock, pool: PgPool) -> Result<Self, sqlx::Error> {
        epoch::begin_a_new_one_after_a_restore(&pool).await?;
        guards::names::renew_earlier_keys(&pool).await?;
        let low_codes = LowCodes::default();
        let database = clock.connection(lookups::for_appends(&pool.connect_options()));
        let (sequencer, _writing) = Sequencer::start(database, clock, low_codes.clone());
        let shared = Shared {
            streams: streams::reader(&pool),
            wallets: holdings::reader(&pool),
            rewards: campaigns::reader(&pool),
            campaigns: campaigns::Campaigns::default(),
            units: units::Units::default(),
            programme: KnownProgramme::default(),
            codes: coupons::reader(&pool),
            low_codes,
            staging: Semaphore::new(1),
            locks: Arc::default(),
            sequencer,
            pool,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Decides a command and writes what follows. Commands that meet on one stream wait for each other, and one that
    /// another process was faster than is decided anew: see `retry`.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn execute<A: LedgerAggregate>(
        &self,
        id: &str,
        command: A::Command,
        metadata: &Metadata,
    ) -> Result<Receipt<A>, CommandError<A::Error>>
    where
        A::Command: Clone,
    {
        self.execute_storing(id, command, metadata, &AnswerFromReceipt::none()).await
    }

    /// The same, and stores the answer in the transaction of the events; where there are none, nothing.
    ///
    /// # Errors
    /// See [`CommandError`]; [`GuardRefusal::AlsoRefused`] when something was answered under the key meanwhile.
    pub async fn execute_storing<A: LedgerAggregate>(
        &self,
        id: &str,
        command: A::Command,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<A>,
    ) -> Result<Receipt<A>, CommandError<A::Error>>
    where
        A::Command: Clone,
    {
        self.execute_at(id, command, metadata, answer, None).await
    }

    /// The same, but only while the number of the stream's last event is one of those `seen`, if any are given.
    ///
    /// # Errors
    /// See [`Ledger::execute_storing`].
    pub async fn execute_at<A: LedgerAggregate>(
        &self,
        id: &str,
        command: A::Command,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<A>,
        seen: Option<&[i64]>,
    ) -> Result<Receipt<A>, CommandError<A::Error>>
    where
        A::Command: Clone,
    {
        let mut retry = self.retry();
        retry.turn::<A>(id).await?;
        loop {
            let seen = seen.map(<[i64]>::to_vec);
            let store = self.store().with(metadata.clone(), vec![]).storing(answer.clone()).seen_at(seen);
            match self.run(id, command.clone(), store).await {
                Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
                outcome => return outcome,
            }
        }
    }

    /// Several commands that stand or fall together.
    #[must_use]
    pub fn unit(&self, metadata: Metadata) -> Unit<'_> {
        Unit::new(self, metadata)
    }

    /// Reads one aggregate.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn load<A: LedgerAggregate>(&self, id: &str) -> Result<Loaded<A>, ReadError> {
        let key = stream_key::<A>(id);
        let events = self.shared.streams.read(key.clone()).await?;
        Loaded::fold(key, &events)
    }

    /// When the log recorded the first event of this type in a stream; `None` without one.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn first_recorded_at<A: LedgerAggregate>(
        &self,
        id: &str,
        name: &str,
    ) -> Result<Option<Moment>, ReadError> {
        let sql = "select recorded_at
                   from events
                   where aggregate_type = $1 and aggregate_id = $2 and event_type = $3
                   order by sequence
                   limit 1";
        let query = sqlx::query_scalar::<_, chrono::DateTime<chrono::Utc>>(sql).bind(A::TYPE).bind(id).bind(name);
        Ok(query.fetch_optional(&self.shared.pool).await?.map(Moment::from))
    }

    /// The position of the last event that this process has written: a hint to look at the log.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<i64> {
        self.shared.sequencer.head()
    }

    /// Has somebody told what this process writes: see [`Listener`](crate::log::sequencer::Listener).
    pub fn tell(&self, listener: impl Fn(&[Chained<'_>]) + Send + Sync + 'static) {
        self.shared.sequencer.tell(Box::new(listener));
    }

    /// Has somebody told how much each command writes: see [`Meter`](crate::log::sequencer::Meter).
    pub fn meter(&self, meter: impl Fn(&Metadata, usize) + Send + Sync + 'static) {
        self.shared.sequencer.meter(Box::new(meter));
    }

    /// The log as persistence of `cqrs-es`.
    #[must_use]
    pub fn repository(&self) -> LedgerRepository {
        self.shared.repository()
    }

    /// The log as an event store for `cqrs_es::CqrsFramework`.
    #[must_use]
    pub fn store<A: LedgerAggregate>(&self) -> LedgerStore<'_, A> {
        LedgerStore::new(&self.shared)
    }

    /// One try of one command, through the framework.
    pub(crate) async fn run<A: LedgerAggregate>(
        &self,
        id: &str,
        command: A::Command,
        store: LedgerStore<'_, A>,
    ) -> Result<Receipt<A>, CommandError<A::Error>> {
        let slot = store.slot();
        let framework = CqrsFramework::new(store, vec![], ());
        let executed = framework.execute_with_metadata(id, command, Default::default()).await;
        match (executed, slot.take()) {
            (_, Some(Outcome::Done { loaded, appended })) => Ok(Receipt::of(loaded, appended)),
            (_, Some(Outcome::Refused(error))) => Err(error.into()),
            (_, Some(Outcome::Unread(error))) => Err(error.into()),
            (_, Some(Outcome::Stale { sequence, position })) => Err(CommandError::Stale { sequence, position }),
            (Err(AggregateError::UserError(refusal)), None) => {
                Err(CommandError::Refused { refusal, position: slot.position() })
            }
            (Err(error), None) => Err(CommandError::Broken(error.to_string().into())),
            (Ok(()), None) => Err(CommandError::Broken("a command left no outcome".into())),
        }
    }
}
