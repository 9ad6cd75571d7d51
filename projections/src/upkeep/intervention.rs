//! Interventions of an operator for a follower that stopped or parked streams: retry the event, or skip it. Either is
//! recorded with a reason and who gave it.

use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, OptionFuture};
use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};

use crate::engine::checkpoint::{self, LockedCheckpoint, stopped};
use crate::engine::fold::{FoldMode, Folded, fold};
use crate::engine::parked::{self, LeftOut, Parked};
use crate::engine::partition_progress;
use crate::engine::projection::Projection;
use crate::log::{self, Entry};
use crate::registry::{self, Visitor};
use crate::upkeep::error::InterventionError;

/// What to do with the events that could not be processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterventionKind {
    /// Process them again, after the cause was fixed.
    Retry,
    /// Skip them for ever, and continue with what follows.
    Skip,
}

impl InterventionKind {
    fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
        }
    }
}

/// An intervention.
#[derive(Debug, Clone)]
pub struct Intervention {
    /// Retry or skip.
    pub step: InterventionKind,
    /// Limits the intervention to the event at this position; `None` covers every event in the way.
    pub position: Option<i64>,
    /// The reason, for the record.
    pub reason: String,
    /// The operator, for the record.
    pub actor: String,
}

/// The result of an intervention.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InterventionOutcome {
    /// The events concerned.
    pub positions: Vec<i64>,
    /// How many streams are no longer parked.
    pub released: usize,
    /// Events that still cannot be processed, and why.
    pub still_in_the_way: Vec<(i64, String)>,
}

/// Retries or skips the events that a follower could not process. A stopped follower then resumes by itself; parked
/// streams are folded before this returns. The caller has checked that the follower's own rules allow it.
///
/// # Errors
/// See [`InterventionError`].
pub(crate) async fn intervene(
    pool: &PgPool,
    name: &str,
    intervention: &Intervention,
) -> Result<InterventionOutcome, InterventionError> {
    struct Catch<'a>(&'a mut PgConnection, &'a Parked, &'a (dyn Fn(&Entry) -> bool + Sync));
    impl<'a> Visitor for Catch<'a> {
        type Answer = BoxFuture<'a, Result<Folded, InterventionError>>;
        fn visit<P: Projection>(self, projection: P) -> Self::Answer {
            let Self(tx, parked, is_passed) = self;
            Box::pin(async move { catch_up(&projection, tx, parked, is_passed).await })
        }
    }
    let mut conn = pool.acquire().await?;
    let locked = LockedCheckpoint::lock(conn.begin().await?, name).await?;
    let mut locked = locked.ok_or_else(|| InterventionError::Unknown(name.to_owned()))?;
    let known = locked.known().clone();
    let tx = locked.transaction();
    let by_workers = partition_progress::lock(tx, name).await?;
    let is_passed = |entry: &Entry| match &by_workers {
        Some(progress) => progress.has(&entry.subject, entry.position),
        None => entry.position <= known.position,
    };
    let mut done = InterventionOutcome::default();
    let is_meant = |position: &i64| intervention.position.is_none_or(|only| only == *position);
    let stopped_at = stopped::position(tx, name).await?.filter(is_meant);
    done.positions.extend(stopped_at);
    let mut parked_streams = parked::of(tx, name).await?;
    parked_streams.retain(|parked| is_meant(&parked.position));
    done.positions.extend(parked_streams.iter().map(|parked| parked.position));
    for position in &done.positions {
        keep(tx, name, intervention, *position).await?;
    }
    if stopped_at.is_some() || intervention.position.is_none() {
        stopped::resume(tx, name).await?;
    }
    for parked in &parked_streams {
        // the fold must not leave out the very stream that it is to catch up
        parked::release(tx, name, parked).await?;
        let caught_up = OptionFuture::from(registry::visit(name, Catch(&mut *tx, parked, &is_passed))).await;
        match caught_up {
            Some(caught_up) => match caught_up? {
                Folded::Before(poison) => {
                    parked::park(tx, name, poison.position, &poison.reason).await?;
                    done.still_in_the_way.push((poison.position, poison.reason));
                }
                Folded::Whole | Folded::Spoilt => done.released += 1,
            },
            // not a projection: its work is idempotent, so that it goes back to the first event that it left aside
            None => {
                checkpoint::set_back(tx, name, parked.position - 1).await?;
                done.released += 1;
            }
        }
    }
    locked.commit().await?;
    Ok(done)
}

/// A recorded intervention.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the fields are those of the table")]
pub struct Made {
    pub follower: String,
    pub step: String,
    pub position: i64,
    pub reason: String,
    pub actor: String,
    pub at: DateTime<Utc>,
}

/// The latest interventions, latest first.
///
/// # Errors
/// The database's.
pub async fn latest(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Made>> {
    sqlx::query_as(
        "select follower, step, position, reason, actor, at from interventions order by number desc limit $1",
    )
    .bind(limit)
    .fetch_all(conn)
    .await
}

async fn keep(conn: &mut PgConnection, name: &str, intervention: &Intervention, position: i64) -> sqlx::Result<()> {
    sqlx::query("insert into interventions (follower, step, position, reason, actor) values ($1, $2, $3, $4, $5)")
        .bind(name)
        .bind(intervention.step.name())
        .bind(position)
        .bind(&intervention.reason)
        .bind(&intervention.actor)
        .execute(conn)
        .await?;
    Ok(())
}

/// Folds the events of a parked stream that the projection has passed. In projections that park, streams do not depend
/// on each other, so that later events of other streams do not matter.
async fn catch_up<P: Projection>(
    projection: &P,
    tx: &mut PgConnection,
    parked: &Parked,
    is_passed: &(dyn Fn(&Entry) -> bool + Sync),
) -> Result<Folded, InterventionError> {
    let mut entries = log::read_stream(tx, &parked.stream_type, &parked.stream_id).await?;
    entries.retain(|entry| entry.position >= parked.position && is_passed(entry));
    let aside: LeftOut = parked::aside(tx, P::NAME, P::NAME).await?;
    Ok(fold(projection, tx, entries.iter().map(Entry::read), &aside, FoldMode::OneByOne).await?)
}
