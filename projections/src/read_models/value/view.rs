//! A view of the totals as of one position, in one snapshot of the database: the last row of each total before it, and
//! what the events of the position's own group changed since. Nothing after the position is in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::unit::{Unit, UnitTerms};
use domain::value::{UnitCode, ValueEvent};
use sqlx::{PgPool, Postgres, Transaction};

use super::changes::Known;
use super::totals::{At, Total, group_start, last_rows};
use super::{MODELS, STREAMS};
use crate::engine::error::FoldError;
use crate::log;
use crate::read_models::dashboard::AsOf;

/// The totals as of one position.
pub struct View {
    pub(super) pool: PgPool,
    pub(super) tx: Transaction<'static, Postgres>,
    pub(super) as_of: AsOf,
    /// Judges what is over.
    pub(super) clock: DateTime<Utc>,
    /// Whether the tables have folded in more than this view shows.
    is_past: bool,
}

impl View {
    /// As of everything that is folded in, at a moment.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn now(pool: &PgPool, clock: DateTime<Utc>) -> Result<Self, FoldError> {
        Self::open(pool, None, clock, 0).await
    }

    /// As of a position, at the moment at which it was recorded; as of everything that is folded in when the position is
    /// beyond that.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn at(pool: &PgPool, position: i64) -> Result<Self, FoldError> {
        Self::open(pool, Some(position), DateTime::UNIX_EPOCH, 0).await
    }

    /// As of a position at the moment at which it was recorded, or of everything that is folded in at the moment `now`.
    /// `folded` is how far the caller knows the read models to be: where no event of theirs comes, their checkpoints are
    /// saved later than that.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn open(pool: &PgPool, wanted: Option<i64>, now: DateTime<Utc>, folded: i64) -> Result<Self, FoldError> {
        let mut tx = pool.begin_with("begin transaction isolation level repeatable read read only").await?;
        let (reached, position, recorded_at): (i64, i64, DateTime<Utc>) = sqlx::query_as(
            "select view.folded, view.position, coalesce(events.recorded_at, '1970-01-01T00:00:00Z')
            from (
                select max(model.position) as folded, least($1::bigint, min(model.position)) as position
                from (
                    select greatest(coalesce(checkpoints.position, 0), $3::bigint) as position
                    from unnest($2::text[]) as wanted(name)
                    left join checkpoints on checkpoints.name = wanted.name
                ) as model
            ) as view
            left join events on events.position = view.position",
        )
        .bind(wanted)
        .bind(MODELS)
        .bind(folded)
        .fetch_one(&mut *tx)
        .await?;
        let as_of = AsOf { position, recorded_at };
        let clock = if wanted.is_none() { now } else { recorded_at };
        Ok(Self { pool: pool.clone(), tx, as_of, clock, is_past: position < reached })
    }

    /// What this view is as of.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// The totals of some kinds.
    pub(super) async fn totals(&mut self, kinds: &[&str]) -> Result<BTreeMap<Total, i128>, FoldError> {
        let rows = last_rows(&mut self.tx, kinds, self.as_of.position).await?;
        self.brought_up(rows, |total| kinds.contains(&total.kind())).await
    }

    /// Some totals at the position, from their last rows before it.
    pub(super) async fn brought_up(
        &mut self,
        rows: BTreeMap<Total, At>,
        wanted: impl Fn(&Total) -> bool,
    ) -> Result<BTreeMap<Total, i128>, FoldError> {
        let mut totals: BTreeMap<Total, i128> = rows.iter().map(|(total, at)| (total.clone(), at.amount)).collect();
        if self.is_past {
            let after = group_start(self.as_of.position) - 1;
            let entries = log::read_between(&mut self.tx, after, self.as_of.position, &STREAMS).await?;
            let decoded = entries.into_iter().map(|entry| {
                let position = entry.position;
                entry.recorded().map_err(|source| FoldError::Event { position, source })
            });
            let recent = decoded.collect::<Result<Vec<_>, FoldError>>()?;
            let known = Known::load(&mut self.tx, &recent).await?;
            let later = |total: &Total, position| rows.get(total).is_none_or(|at| at.position < position);
            for change in known.changes(&recent) {
                if wanted(&change.total) && later(&change.total, change.position) {
                    *totals.entry(change.total).or_default() += change.by;
                }
            }
        }
        totals.retain(|_, amount| *amount != 0);
        Ok(totals)
    }

    /// The terms of a unit at the position.
    pub(super) async fn unit(&mut self, code: &UnitCode) -> Result<Option<UnitTerms>, FoldError> {
        let mut unit = Unit::initial(code);
        for entry in log::read_stream(&mut self.tx, "unit", code.as_str()).await? {
            let position = entry.position;
            if position > self.as_of.position {
                break;
            }
            match entry.event().map_err(|source| FoldError::Event { position, source })? {
                Event::Value(ValueEvent::Unit(event)) => unit.evolve(&event),
                Event::Value(_)
                | Event::Member(_)
                | Event::Activity(_)
                | Event::Campaign(_)
                | Event::Referral(_)
                | Event::Claim(_) => {}
            }
        }
        Ok(unit.terms_of(code))
    }
}
