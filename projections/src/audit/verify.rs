//! Has anything been altered? Every promise of the log and of what is derived from it, checked once more:
//! nothing is believed that can be computed again. It reads up to a position while the service goes on,
//! each check in one snapshot, page by page; a role that may only read is enough.
//!
//! A check names the first thing that is wrong and goes on to count; what cannot even be read is such a
//! thing, and the other checks go on. What is derived by the write side (guards) is compared there.

mod log;
mod packed;
mod pages;
mod rows;

pub(crate) use pages::{UnreadableRow, stored};

use domain::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{ConnectOptions, PgConnection, PgPool};

use super::AuditError;
use super::re_evaluation::{ReEvaluationRequest, re_evaluate_all};
use crate::registry;

/// One promise that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "VerificationCheck")]
pub struct Check {
    /// Which.
    pub name: String,
    /// It holds.
    pub ok: bool,
    /// How many things were looked at.
    pub checked: i64,
    /// The first thing that is not as promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<Failure>,
}

/// Something that is not as promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VerificationFailure")]
pub struct Failure {
    /// Where in the log, if it is there.
    pub position: Option<i64>,
    /// What is wrong.
    pub reason: String,
}

impl Check {
    /// A check that has looked at nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, checked: 0, first_failure: None }
    }

    /// Something is wrong; the first time it is kept.
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

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Up to where the log was read.
    pub position: i64,
    /// When it was started.
    pub started_at: Moment,
    /// When it was finished; `None` while it runs.
    pub finished_at: Option<Moment>,
    /// The checks.
    pub checks: Vec<Check>,
    /// Tables that are not derived from the log, about which nothing is said.
    pub left_out: Vec<String>,
    /// What could be checked and was not.
    #[serde(default)]
    pub not_looked_at: Vec<NotLookedAt>,
}

/// Something that could be checked and was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotLookedAt {
    /// What the names of its checks begin with.
    pub name: String,
    /// Why not.
    pub reason: String,
}

impl Verification {
    /// Everything is as promised.
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
/// The database's: it could not be looked.
pub async fn checks(pool: &PgPool, progress: ProgressFn<'_>) -> Result<(i64, Vec<Check>), AuditError> {
    let (position, mut checks) = log::checks(pool, progress).await?;
    checks.push(packed::check(pool, progress).await?);
    checks.push(decisions(pool, position, progress).await?);
    for name in registry::ALL {
        // a connection of its own: no statement is known to it that was planned for the tables themselves
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

/// Nobody can have folded, or sent, more than there is.
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

/// The tables of the schema that nothing here derives, apart from `derived` ones.
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
