//! How a batch is written, and what happens when that fails: somebody else moved the head, a
//! constraint refused a row, or the connection was lost and nobody knows.

use std::time::Duration;

use chrono::Utc;
use domain::Moment;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, Row};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::decide::{Known, stands_alone};
use super::statement::{Columns, read_head};
use super::{Head, Job};
use crate::append::{Append, AppendError, Appended, GuardRefusal, StreamKey};
use crate::failure::{Failure, classify};
use crate::guards::{GuardChange, tables};

/// How many events one statement may hold; larger commands are written by themselves.
const STATEMENT_EVENTS: usize = 1_024;
/// How long a batch waits for a lost database before its callers are told that nobody knows.
const DATABASE_PATIENCE: Duration = Duration::from_secs(3);
/// How long to wait between two tries to reach the database.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);
/// After another writer was met, so many batches take the lock first instead of being turned away.
const POLITE_BATCHES: u32 = 32;

pub(super) struct Writer {
    database: PgConnectOptions,
    connection: Option<PgConnection>,
    head: Option<Head>,
    known: Known,
    polite: u32,
    announce: watch::Sender<i64>,
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

type Outcome = Result<Appended, AppendError>;

impl Writer {
    pub(super) fn new(database: PgConnectOptions, announce: watch::Sender<i64>) -> Self {
        Self { database, connection: None, head: None, known: Known::default(), polite: 0, announce }
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
        let appends: Vec<&Append> = jobs.iter().map(|job| &job.append).collect();
        let outcomes = self.outcomes(&appends).await;
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
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
                    tracing::error!(reason, "the log refused an append");
                    return batch.iter().map(|_| Err(AppendError::Broken(reason.clone()))).collect();
                }
            }
        }
    }

    fn forget(&mut self) {
        self.head = None;
        self.known.forget();
    }

    fn disconnect(&mut self) {
        self.connection = None;
        self.forget();
    }

    /// One try. Whatever goes wrong leaves no transaction open.
    async fn attempt(&mut self, batch: &[&Append], locked: bool) -> Result<Vec<Outcome>, Setback> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.database.connect().await?,
        };
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

    async fn attempt_locked(
        &mut self,
        connection: &mut PgConnection,
        batch: &[&Append],
    ) -> Result<Vec<Outcome>, Setback> {
        sqlx::query("begin").execute(&mut *connection).await?;
        let head = read_head(connection, true).await?;
        if self.head != Some(head) {
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
        self.announce.send_replace(self.head.map_or(0, |head| head.position));
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
        self.learn(connection, batch, locked).await?;
        let verdicts = self.known.judge(batch.iter().copied());
        self.known.guards.members.clear();
        let now = Moment::from(Utc::now()).max(before.recorded_at);
        let mut after = Head { recorded_at: now, ..before };
        let mut columns = Columns::default();
        let mut outcomes = Vec::with_capacity(batch.len());
        for (append, verdict) in batch.iter().zip(verdicts) {
            outcomes.push(match verdict {
                Err(refused) => Err(refused),
                Ok(()) => {
                    let first_position = after.position + 1;
                    columns.add(append, &mut after).map_err(|error| Setback::Broken(error.to_string()))?;
                    Ok(Appended {
                        command_id: append.metadata.command_id,
                        first_position,
                        last_position: after.position,
                        recorded_at: now,
                    })
                }
            });
        }
        if columns.is_empty() {
            return Ok(outcomes);
        }
        if !columns.write(connection, &before, &after).await? {
            self.forget();
            return Err(Setback::Fenced);
        }
        self.head = Some(after);
        if !locked {
            self.announce.send_replace(after.position);
        }
        Ok(outcomes)
    }

    /// Reads what the batch is judged by and is not known yet. Under the lock that is everything;
    /// without it, streams that nobody touched lately are left to the constraints.
    async fn learn(
        &mut self,
        connection: &mut PgConnection,
        batch: &[&Append],
        locked: bool,
    ) -> Result<(), sqlx::Error> {
        let read = batch.iter().flat_map(|append| append.expects.iter().map(|(key, _)| key));
        let written = batch.iter().flat_map(|append| append.events.iter().map(|event| &event.stream));
        let mut unknown: Vec<&StreamKey> =
            read.chain(written.filter(|_| locked)).filter(|key| !self.known.streams.contains_key(key)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            for (key, sequence) in last_sequences(connection, &unknown).await? {
                self.known.streams.insert(key, sequence);
            }
        }
        let changes = || batch.iter().flat_map(|append| append.guards.iter());
        let grants = || {
            changes().filter_map(|change| match change {
                GuardChange::Grants(grant) => Some(grant),
                GuardChange::Campaign { .. } | GuardChange::Reward { .. } | GuardChange::Quantity { .. } => None,
            })
        };
        let guards = &mut self.known.guards;
        tables::load_rewards(connection, guards, grants().map(|grant| (grant.reward_id, grant.campaign_id))).await?;
        let limited: Vec<_> = grants()
            .filter(|grant| {
                guards.rewards.get(&grant.reward_id).is_some_and(|stock| stock.per_member_limit.is_some())
                    || guards.campaigns.get(&grant.campaign_id).is_some_and(|budget| budget.per_member_limit.is_some())
            })
            .map(|grant| (grant.member_id, grant.campaign_id))
            .collect();
        if !limited.is_empty() {
            tables::load_members(connection, guards, &limited).await?;
        }
        for change in changes() {
            match change {
                GuardChange::Campaign { campaign_id, name_key, .. } => {
                    guards.names.clear();
                    tables::load_names(connection, guards, vec![name_key.clone()]).await?;
                    let wanted = std::iter::once((domain::id::RewardId::default(), *campaign_id));
                    tables::load_rewards(connection, guards, wanted).await?;
                }
                GuardChange::Quantity { reward_id, .. } => {
                    let wanted = std::iter::once((*reward_id, domain::id::CampaignId::default()));
                    tables::load_rewards(connection, guards, wanted).await?;
                }
                GuardChange::Reward { .. } | GuardChange::Grants(_) => {}
            }
        }
        Ok(())
    }

    /// A command that the database itself refused, by itself and under the lock.
    async fn refused(&mut self, append: &Append, constraint: String) -> Outcome {
        match constraint.as_str() {
            "events_one_of_each_command" => match self.find(&[append]).await {
                Ok(found) => found.into_iter().next().flatten().ok_or(AppendError::Unavailable),
                Err(_) => Err(AppendError::Unavailable),
            },
            "events_one_of_each_step" => {
                let stream = append.events.first().map(|event| event.stream.clone());
                Err(stream.map_or(AppendError::Broken(constraint), AppendError::Conflict))
            }
            "reward_stock_never_negative" => Err(GuardRefusal::OutOfStock.into()),
            "campaign_budget_never_exceeded" => Err(GuardRefusal::BudgetExhausted.into()),
            "unique_names_taken" => Err(GuardRefusal::NameTaken.into()),
            _ if append.also.is_some() => Err(GuardRefusal::AlsoRefused { constraint }.into()),
            _ => Err(AppendError::Broken(constraint)),
        }
    }

    /// After a lost connection: finds out, under the lock of the head, whether the batch stands.
    /// `None`: it does not, and may be tried again.
    async fn settle(&mut self, batch: &[&Append], deadline: Instant) -> Option<Vec<Outcome>> {
        loop {
            if let Ok(found) = self.find(batch).await {
                if found.iter().all(Option::is_none) && Instant::now() < deadline {
                    return None;
                }
                return Some(found.into_iter().map(|appended| appended.ok_or(AppendError::Unavailable)).collect());
            }
            self.disconnect();
            if Instant::now() >= deadline {
                return Some(batch.iter().map(|_| Err(AppendError::Unavailable)).collect());
            }
            tokio::time::sleep(RECONNECT_PAUSE).await;
        }
    }

    /// Looks the commands up. Holding the head means that nothing sent before is still under way.
    async fn find(&mut self, batch: &[&Append]) -> Result<Vec<Option<Appended>>, sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.database.connect().await?,
        };
        sqlx::query("begin").execute(&mut connection).await?;
        read_head(&mut connection, true).await?;
        let commands: Vec<Uuid> = batch.iter().map(|append| append.metadata.command_id).collect();
        let sql = "select command_id, position, recorded_at from events where opens_command and command_id = any($1)";
        let rows = sqlx::query(sql).bind(commands).fetch_all(&mut connection).await?;
        sqlx::query("commit").execute(&mut connection).await?;
        self.connection = Some(connection);
        let mut found = Vec::with_capacity(batch.len());
        for append in batch {
            let mut standing = None;
            for row in &rows {
                if row.try_get::<Uuid, _>("command_id")? == append.metadata.command_id {
                    let first_position: i64 = row.try_get("position")?;
                    let events = i64::try_from(append.events.len()).unwrap_or(i64::MAX);
                    standing = Some(Appended {
                        command_id: append.metadata.command_id,
                        first_position,
                        last_position: first_position + events - 1,
                        recorded_at: Moment::from(row.try_get::<chrono::DateTime<Utc>, _>("recorded_at")?),
                    });
                }
            }
            found.push(standing);
        }
        Ok(found)
    }
}

/// The last sequence of each stream; 0 where there is none.
async fn last_sequences(
    connection: &mut PgConnection,
    keys: &[&StreamKey],
) -> Result<Vec<(StreamKey, i64)>, sqlx::Error> {
    let sql = "select coalesce(last.sequence, 0)
               from unnest($1::text[], $2::text[]) with ordinality as wanted (stream_type, stream_id, number)
               left join lateral (
                   select e.sequence
                   from events e
                   where e.aggregate_id = wanted.stream_id and e.aggregate_type = wanted.stream_type
                   order by e.sequence desc
                   limit 1
               ) last on true
               order by wanted.number";
    let sequences: Vec<i64> = sqlx::query_scalar(sql)
        .bind(keys.iter().map(|key| key.stream_type).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| &*key.stream_id).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    Ok(keys.iter().map(|key| (*key).clone()).zip(sequences).collect())
}
