//! Verifies the log and everything derived from it: whatever can be computed again is computed and compared. It reads
//! up to a position while the service keeps running, each check in one snapshot, page by page, and needs read
//! permission only.
//!
//! A check reports the first failure and counts on. A row that cannot be read is a failure too, and does not stop other
//! checks. The write side compares what it derives itself (the guard tables).

mod budgets;
mod log;
mod packed;
mod pages;
mod rows;
mod value;

pub(crate) use pages::{UnreadableRow, stored};

use domain::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{ConnectOptions, PgConnection, PgPool};

use super::AuditError;
use super::re_evaluation::{ReEvaluationRequest, re_evaluate_all};
use crate::registry;

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "VerificationCheck")]
pub struct Check {
    /// The name of the check.
    pub name: String,
    /// Whether it found no failure.
    pub ok: bool,
    /// How many items it examined.
    pub checked: i64,
    /// The first failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<Failure>,
}

/// A failure of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VerificationFailure")]
pub struct Failure {
    /// Its position in the log, if it has one.
    pub position: Option<i64>,
    /// What is wrong there.
    pub reason: String,
}

impl Check {
    /// A check that has examined nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, checked: 0, first_failure: None }
    }

    /// Records a failure; the first one is kept.
    pub fn fails(&mut self, position: Option<i64>, reason: impl Into<String>) {
        if self.ok {
            self.ok = false;
            self.first_failure = Some(Failure { position, reason: reason.into() });
        }
    }

    fn found(mut self, broken: bool, position: Option<i64>, reason: impl FnOnce() -> String) -> Self {
        if broken {
            self.fails(position, reason());
        }
        self
    }
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// The position up to which the log was read.
    pub position: i64,
    /// When it was started.
    pub started_at: Moment,
    /// When it was finished; `None` while it runs.
    pub finished_at: Option<Moment>,
    /// The checks.
    pub checks: Vec<Check>,
    /// Tables that are not derived from the log, and therefore not checked.
    pub left_out: Vec<String>,
    /// Checks that did not run.
    #[serde(default)]
    pub not_looked_at: Vec<NotLookedAt>,
}

/// Checks that did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotLookedAt {
    /// What the names of these checks begin with.
    pub name: String,
    /// Why they did not run.
    pub reason: String,
}

impl Verification {
    /// Whether every check passed.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}

/// Called as a verification proceeds: with the name of the running check and the position that it has reached.
pub type ProgressFn<'a> = &'a mut (dyn FnMut(&str, i64) + Send);

/// Checks the log, the decisions in it, and what this crate derives from it.
///
/// # Errors
/// The database's: the checks could not run.
pub async fn checks(pool: &PgPool, progress: ProgressFn<'_>) -> Result<(i64, Vec<Check>), AuditError> {
    let (position, mut checks) = log::checks(pool, progress).await?;
    checks.push(packed::check(pool, progress).await?);
    checks.push(decisions(pool, position, progress).await?);
    checks.extend(value::checks(pool, position, progress).await?);
    checks.push(budgets::check(pool, position, progress).await?);
    for name in registry::ALL {
        // a connection of its own, on which no statement has been planned for the real tables
        let mut conn = pool.connect_options().connect().await?;
        checks.push(rows::check(&mut conn, name, progress).await?);
    }
    checks.push(checkpoints(&mut *pool.acquire().await?).await?);
    Ok((position, checks))
}

async fn decisions(pool: &PgPool, position: i64, progress: ProgressFn<'_>) -> Result<Check, AuditError> {
    let mut check = Check::new("decisions");
    let order = ReEvaluationRequest { position, ..ReEvaluationRequest::default() };
    let made = re_evaluate_all(pool, order, |_, done| progress("decisions", done)).await?;
    let made = made.unwrap_or_default();
    check.checked = made.decisions;
    if let Some(change) = made.changed.first() {
        let leaves: Vec<_> = change.why.iter().map(|difference| difference.path.as_str()).collect();
        let reason = format!(
            "claim {} was decided {:?} and is judged {:?} again; leaves that differ: {leaves:?}",
            change.claim_id, change.from, change.to
        );
        check.fails(Some(change.position), reason);
    }
    Ok(check)
}

/// Checks that no checkpoint is beyond the end of the log.
async fn checkpoints(conn: &mut PgConnection) -> Result<Check, AuditError> {
    let mut check = Check::new("checkpoints");
    // one statement is one snapshot
    let rows: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
        "select name, known.position, known.epoch, log_head.position, log_head.epoch
        from (
            select name, position, epoch from checkpoints
            union all
            select worker.follower || ', partition ' || worker.partition, worker.position, checkpoints.epoch
            from worker_partitions as worker
            join checkpoints on checkpoints.name = worker.follower
        ) as known
        cross join log_head
        order by name",
    )
    .fetch_all(conn)
    .await?;
    for (name, position, epoch, head, head_epoch) in rows {
        check.checked += 1;
        if position > head || epoch > head_epoch {
            check.fails(
                Some(position),
                format!(
                    "{name} stands at position {position} of epoch {epoch}, the log ends at {head} of {head_epoch}"
                ),
            );
        }
    }
    Ok(check)
}

/// The tables of the schema that no check here derives, without those in `derived`.
///
/// # Errors
/// The database's.
pub async fn left_out(conn: &mut PgConnection, derived: &[&str]) -> Result<Vec<String>, AuditError> {
    let mut tables: Vec<String> = sqlx::query_scalar(
        "select relname::text
        from pg_class
        where relnamespace = current_schema()::regnamespace
          and relkind in ('r', 'p')
          and not relispartition
        order by relname",
    )
    .fetch_all(conn)
    .await?;
    let mut checked = vec!["events", "log_head", "log_pages", "checkpoints", "worker_partitions"];
    checked.extend(registry::tables());
    tables.retain(|table| !checked.contains(&table.as_str()) && !derived.contains(&table.as_str()));
    Ok(tables)
}
