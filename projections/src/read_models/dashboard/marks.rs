//! Marks: the counters as they stood after certain events. While a batch is folded the last mark moves
//! along; where a group of events ends, it stays.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;

use super::counts::Counts;
use super::span::Width;
use crate::engine::error::FoldError;
use crate::log::EventHeader;

/// A group ends at the latest with so many positions: what comes after a mark is read from the log.
const GROUP_BITS: u32 = 10;

/// The first position of the group that a position is in.
pub(super) fn group_start(position: i64) -> i64 {
    (position >> GROUP_BITS) << GROUP_BITS
}

/// The counters after an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) position: i64,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) counts: Counts,
}

impl Default for Mark {
    /// Before the first event.
    fn default() -> Self {
        Self { position: 0, recorded_at: DateTime::UNIX_EPOCH, counts: Counts::default() }
    }
}

impl Mark {
    pub(super) fn of(position: i64, recorded_at: DateTime<Utc>, counts: &[i64]) -> Result<Self, FoldError> {
        Ok(Self { position, recorded_at, counts: Counts::read(counts)? })
    }

    fn is_in_the_group_of(&self, entry: &EventHeader) -> bool {
        let quarter = |moment| Width::Quarter.floor(moment);
        self.position > 0
            && group_start(self.position) == group_start(entry.position)
            && quarter(self.recorded_at) == quarter(entry.recorded_at.utc())
    }
}

/// The last mark, and those that a batch has come past.
pub(super) struct Marks {
    last: Mark,
    has_moved: bool,
    /// The stored mark that moves along.
    replaced: Option<i64>,
    passed: Vec<Mark>,
}

impl Marks {
    pub(super) async fn load(tx: &mut PgConnection) -> Result<Self, FoldError> {
        let row: Option<(i64, DateTime<Utc>, Vec<i64>)> = sqlx::query_as(
            "select position, recorded_at, counts || approvals || insufficient_points
            from dashboard_marks
            order by position desc
            limit 1",
        )
        .fetch_optional(tx)
        .await?;
        let last = row.map(|(position, at, counts)| Mark::of(position, at, &counts)).transpose()?.unwrap_or_default();
        Ok(Self { last, has_moved: false, replaced: None, passed: Vec::new() })
    }

    /// The counters at an event that may move them.
    pub(super) fn at(&mut self, entry: &EventHeader) -> &mut Counts {
        match (self.last.is_in_the_group_of(entry), self.has_moved) {
            (true, false) => self.replaced = Some(self.last.position),
            (false, true) => self.passed.push(self.last),
            (true, true) | (false, false) => {}
        }
        self.has_moved = true;
        self.last.position = entry.position;
        self.last.recorded_at = entry.recorded_at.utc();
        &mut self.last.counts
    }

    pub(super) async fn write(mut self, tx: &mut PgConnection) -> Result<(), FoldError> {
        if !self.has_moved {
            return Ok(());
        }
        self.passed.push(self.last);
        if let Some(replaced) = self.replaced {
            sqlx::query("delete from dashboard_marks where position = $1").bind(replaced).execute(&mut *tx).await?;
        }
        // an array of arrays has no type of its own: all counters of all marks in a row
        let width = i32::try_from(self.last.counts.stored().len()).unwrap_or(i32::MAX);
        sqlx::query(
            "insert into dashboard_marks (position, recorded_at, counts, approvals, insufficient_points)
            select position, recorded_at,
                   ($3::bigint[])[(nth - 1) * $4 + 1 : nth * $4 - 2], ($3::bigint[])[nth * $4 - 1], ($3::bigint[])[nth * $4]
            from unnest($1::bigint[], $2::timestamptz[]) with ordinality as mark(position, recorded_at, nth)",
        )
        .bind(self.passed.iter().map(|mark| mark.position).collect::<Vec<_>>())
        .bind(self.passed.iter().map(|mark| mark.recorded_at).collect::<Vec<_>>())
        .bind(self.passed.iter().flat_map(|mark| mark.counts.stored()).copied().collect::<Vec<i64>>())
        .bind(width)
        .execute(tx)
        .await?;
        Ok(())
    }
}
