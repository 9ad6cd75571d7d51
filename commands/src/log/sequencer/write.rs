//! How a batch is written, and what happens when that fails: somebody else moved the head, a
//! constraint refused a row, or the connection was lost and nobody knows.

use std::time::Duration;

use chrono::Utc;
use domain::Moment;
use metrics::{counter, histogram};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::time::Instant;

use super::decide::{Known, stands_alone};
use super::statement::{Places, Rows, read_head};
use super::{Announce, Clock, Head, Job};
use crate::failure::{Failure, classify};
use crate::guards::low_codes::LowCodes;
use crate::guards::tables;
use crate::log::append::{Append, AppendError, Appended};
use crate::metrics::{BATCH_COMMANDS, BATCH_SECONDS, EVENTS};

/// How many events one statement may hold; larger commands are written by themselves.
const STATEMENT_EVENTS: usize = 1_024;
/// How long a batch waits for a lost database before its callers are told that nobody knows.
const DATABASE_PATIENCE: Duration = Duration::from_secs(3);
/// How long to wait between two tries to reach the database.
pub(super) const RECONNECT_PAUSE: Duration = Duration::from_millis(100);
/// The error that ends a history.
const NOT_ALONE: &str = "somebody else has written to a log that is being given a history";
/// After another writer was met, so many batches take the lock first instead of being turned away.
const POLITE_BATCHES: u32 = 32;

pub(super) struct Writer {
    database: PgConnectOptions,
    clock: Clock,
    /// Another process has written to the log, which this clock does not allow.
    is_over: bool,
    pub(super) connection: Option<PgConnection>,
    head: Option<Head>,
    known: Known,
    places: Places,
    polite: u32,
    announce: Announce,
    low_codes: LowCodes,
}

/// Why a whole batch was not written.
enum Setback {
    /// Another writer moved the head.
    Fenced,
    /// A constraint refused a row, and with it the batch.
    Refused { constraint: String },
    /// The database is away or the connection was lost; the batch may or may not stand.
    Lost,
    /// Anything else: a defect.
    Broken(String),
}

impl From<sqlx::Error> for Setback {
    fn from(error: sqlx::Error) -> Self {
        match classify(&error) {
            Failure::Constraint(constraint) => Self::Refused { constraint },
            Failure::Retryable | Failure::Away => Self::Lost,
            Failure::Defect => Self::Broken(error.to_string()),
        }
    }
}

pub(super) type Outcome = Result<Appended, AppendError>;

impl Writer {
    pub(super) fn new(database: PgConnectOptions, clock: Clock, announce: Announce, low_codes: LowCodes) -> Self {
        Self {
            database,
            clock,
            is_over: false,
            connection: None,
            head: None,
            known: Known::default(),
            places: Places::default(),
            polite: 0,
            announce,
            low_codes,
        }
    }

    /// Writes what came in, in order, and answers everybody.
    pub(super) async fn write(&mut self, jobs: Vec<Job>) {
        let mut together: Vec<Job> = Vec::new();
        let mut events = 0;
        for job in jobs {
            let alone = stands_alone(&job.append);
            let full = events + job.append.events.len() > STATEMENT_EVENTS;
            if (alone || full) && !together.is_empty() {
                self.write_batch(std::mem::take(&mut together)).await;
                events = 0;
            }
            events += job.append.events.len();
            together.push(job);
            if alone {
                self.write_batch(std::mem::take(&mut together)).await;
                events = 0;
            }
        }
        if !together.is_empty() {
            self.write_batch(together).await;
        }
    }

    async fn write_batch(&mut self, jobs: Vec<Job>) {
        let started = Instant::now();
        let appends: Vec<&Append> = jobs.iter().map(|job| &job.append).collect();
        let outcomes = self.outcomes(&appends).await;
        count(&outcomes, started);
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            if outcome.is_ok() {
                self.announce.measure(&job.append);
            }
            // The caller may have gone away; what was written stands.
            let _ = job.reply.send(outcome);
        }
    }

    async fn outcomes(&mut self, batch: &[&Append]) -> Vec<Outcome> {
        let deadline = Instant::now() + DATABASE_PATIENCE;
        let mut locked = batch.iter().any(|append| stands_alone(append)) || self.polite > 0;
        self.polite = self.polite.saturating_sub(1);
        loop {
            match self.attempt(batch, locked).await {
                Ok(outcomes) => return outcomes,
                Err(Setback::Fenced) => {
                    self.polite = POLITE_BATCHES;
                    locked = true;
                }
                Err(Setback::Refused { .. }) if !locked => {
                    self.forget();
                    locked = true;
                }
                Err(Setback::Refused { constraint }) if batch.len() == 1 => {
                    self.forget();
                    return vec![self.refused(batch[0], constraint).await];
                }
                Err(Setback::Refused { .. }) => {
                    self.forget();
                    let mut outcomes = Vec::with_capacity(batch.len());
                    for append in batch {
                        outcomes.extend(Box::pin(self.outcomes(&[append])).await);
                    }
                    return outcomes;
                }
                Err(Setback::Lost) => {
                    self.disconnect();
                    match self.settle(batch, deadline).await {
                        Some(outcomes) => return outcomes,
                        None => locked = true,
                    }
                }
                Err(Setback::Broken(reason)) => {
                    self.disconnect();
                    tracing::error!(reason, "append rejected by the database");
                    return batch.iter().map(|_| Err(AppendError::Broken(reason.clone()))).collect();
                }
            }
        }
    }

    /// The connection to work with: whoever leaves it in good order gives it back.
    pub(super) async fn take_connection(&mut self) -> Result<PgConnection, sqlx::Error> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.database.connect().await,
        }
    }

    fn forget(&mut self) {
        self.head = None;
        self.known.forget();
    }

    pub(super) fn disconnect(&mut self) {
        self.connection = None;
        self.forget();
    }

    /// One try. Whatever goes wrong leaves no transaction open.
    async fn attempt(&mut self, batch: &[&Append], locked: bool) -> Result<Vec<Outcome>, Setback> {
        if self.is_over {
            return Err(Setback::Broken(NOT_ALONE.to_owned()));
        }
        let mut connection = self.take_connection().await?;
        let result = if locked {
            self.attempt_locked(&mut connection, batch).await
        } else {
            self.attempt_in(&mut connection, batch, false).await
        };
        match &result {
            Ok(_) | Err(Setback::Fenced) => self.connection = Some(connection),
            Err(Setback::Refused { .. }) => {
                if !locked || sqlx::query("rollback").execute(&mut connection).await.is_ok() {
                    self.connection = Some(connection);
                }
            }
            Err(Setback::Lost | Setback::Broken(_)) => {}
        }
        result
    }

    /// Another writer was detected, which ends writers with an exclusive clock.
    fn meet_another(&mut self) -> Result<(), Setback> {
        self.is_over |= self.clock.is_exclusive();
        if self.is_over { Err(Setback::Broken(NOT_ALONE.to_owned())) } else { Ok(()) }
    }

    /// Only what is committed is noted: who waits for it looks at the rows at once.
    fn note_low_codes(&mut self) {
        if !self.known.low_codes.is_empty() {
            self.low_codes.note(std::mem::take(&mut self.known.low_codes));
        }
    }

    async fn attempt_locked(
        &mut self,
        connection: &mut PgConnection,
        batch: &[&Append],
    ) -> Result<Vec<Outcome>, Setback> {
        sqlx::query("begin").execute(&mut *connection).await?;
        let head = read_head(connection, true).await?;
        if self.head != Some(head) {
            if self.head.is_some() {
                self.meet_another()?;
            }
            self.known.forget();
            self.head = Some(head);
        }
        let outcomes = self.attempt_in(connection, batch, true).await?;
        for (append, outcome) in batch.iter().zip(&outcomes) {
            let Ok(appended) = outcome else { continue };
            for change in &append.guards {
                tables::write(connection, change).await?;
            }
            if let Some(also) = &append.also {
                also.write(connection, appended).await?;
            }
        }
        sqlx::query("commit").execute(&mut *connection).await?;
        self.note_low_codes();
        // what was written is looked up by whoever wants it: it is rare
        self.announce.written(&[], self.head.map_or(0, |head| head.position));
        Ok(outcomes)
    }

    async fn attempt_in(
        &mut self,
        connection: &mut PgConnection,
        batch: &[&Append],
        locked: bool,
    ) -> Result<Vec<Outcome>, Setback> {
        let before = match self.head {
            Some(head) => head,
            None => *self.head.insert(read_head(connection, false).await?),
        };
        self.known.learn(connection, batch, locked).await?;
        let verdicts = self.known.judge(batch.iter().copied());
        self.known.guards.members.clear();
        let now = Moment::from(Utc::now());
        let mut after = before;
        let metadata: Vec<String> = batch
            .iter()
            .map(|append| serde_json::to_string(&append.metadata))
            .collect::<Result<_, _>>()
            .map_err(|error| Setback::Broken(error.to_string()))?;
        let mut rows = Rows::default();
        let mut outcomes = Vec::with_capacity(batch.len());
        for ((append, metadata), verdict) in batch.iter().zip(&metadata).zip(verdicts) {
            outcomes.push(match verdict {
                Err(refused) => Err(refused),
                Ok(numbers) => {
                    let first_position = after.position + 1;
                    after.recorded_at = self.clock.recorded_at(append, now, after.recorded_at);
                    rows.add(append, &numbers, metadata, &mut after);
                    let appended = Appended {
                        command_id: append.metadata.command_id,
                        first_position,
                        last_position: after.position,
                        recorded_at: after.recorded_at,
                    };
                    rows.store_answer(append.stored_answer.as_ref().and_then(|answer| answer(&appended)));
                    Ok(appended)
                }
            });
        }
        if rows.events.is_empty() {
            // what is refused is refused by the log as it is: another process may have added stock
            if !locked && read_head(connection, false).await? != before {
                self.forget();
                self.meet_another()?;
                return Err(Setback::Fenced);
            }
            return Ok(outcomes);
        }
        if !rows.write(connection, &before, &after, &mut self.places).await? {
            self.forget();
            self.meet_another()?;
            return Err(Setback::Fenced);
        }
        self.head = Some(after);
        if !locked {
            self.note_low_codes();
            self.announce.written(&rows.events, after.position);
        }
        Ok(outcomes)
    }
}

fn count(outcomes: &[Outcome], started: Instant) {
    let events = outcomes.iter().flatten().map(|appended| appended.last_position - appended.first_position + 1);
    counter!(EVENTS).increment(u64::try_from(events.sum::<i64>()).unwrap_or_default());

    histogram!(BATCH_COMMANDS).record(outcomes.len() as f64);
    histogram!(BATCH_SECONDS).record(started.elapsed());
}
