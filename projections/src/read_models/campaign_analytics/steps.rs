//! The steps of a campaign's claims, one by one and added up at marks: after each 256 of them and at the end of each quarter
//! of an hour, so that the counters of any position are a mark and at most 255 steps, and those at the edge of a bucket
//! are a mark.

use std::collections::BTreeSet;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use domain::claim::ClaimEvent;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::counts::{Counted, Counts, MembersMoved};
use super::judgements::Judged;
use super::moving::Moving;
use crate::engine::error::FoldError;
use crate::log::EventHeader;

/// The most steps between two marks.
const GROUP: i64 = 256;

/// The start of a moment's quarter of an hour. Days begin at one in every time zone.
pub(super) fn quarter(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.duration_trunc(TimeDelta::minutes(15)).unwrap_or(moment)
}

/// The counters after a step.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// The first step since the mark before.
    since: i64,
    recorded_at: DateTime<Utc>,
    counts: Counts,
}

impl Default for Mark {
    fn default() -> Self {
        Self { since: 0, recorded_at: DateTime::UNIX_EPOCH, counts: Counts::default() }
    }
}

/// One row of `campaign_steps`.
struct StepRow {
    campaign_id: Uuid,
    position: i64,
    recorded_at: DateTime<Utc>,
    counted: Counted,
    judged: Option<Judged>,
}

/// Campaign, position, first position of the group, time of recording, counters.
type MarkRow = (Uuid, i64, i64, DateTime<Utc>, Vec<i64>);

/// The last marks of the campaigns in a batch, and the rows that it adds.
pub(super) struct Steps {
    marks: Moving<Uuid, Mark>,
    new: Vec<StepRow>,
}

impl Steps {
    pub(super) async fn load(tx: &mut PgConnection, campaigns: BTreeSet<Uuid>) -> Result<Self, FoldError> {
        let rows: Vec<MarkRow> = sqlx::query_as(
            "select last.*
            from unnest($1::uuid[]) as wanted(campaign_id)
            cross join lateral (
                select campaign_id, position, since, recorded_at, counts
                from campaign_marks
                where campaign_marks.campaign_id = wanted.campaign_id
                order by campaign_id desc, position desc
                limit 1
            ) as last",
        )
        .bind(campaigns.into_iter().collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
        let marks = rows.into_iter().map(|(campaign, position, since, recorded_at, counts)| {
            Ok((campaign, position, Mark { since, recorded_at, counts: Counts::read(&counts)? }))
        });
        Ok(Self { marks: Moving::from(marks.collect::<Result<Vec<_>, FoldError>>()?), new: Vec::new() })
    }

    /// The first position of the group that the next step is in.
    pub(super) fn group_start(&self, campaign: Uuid, entry: &EventHeader) -> i64 {
        let goes_on = |mark: &&Mark| {
            mark.counts.steps() % GROUP != 0 && quarter(mark.recorded_at) == quarter(entry.recorded_at.utc())
        };
        self.marks.last(campaign).filter(goes_on).map_or(entry.position, |mark| mark.since)
    }

    pub(super) fn step(
        &mut self,
        event: &ClaimEvent,
        entry: &EventHeader,
        group_start: i64,
        members: MembersMoved,
        judged: Option<Judged>,
    ) {
        let (campaign_id, position, recorded_at) =
            (event.about().campaign_id.0, entry.position, entry.recorded_at.utc());
        let counted = Counted::of(event, members);
        self.marks.count(campaign_id, group_start, position, |mark| {
            mark.since = group_start;
            mark.recorded_at = recorded_at;
            mark.counts.count(&counted);
        });
        self.new.push(StepRow { campaign_id, position, recorded_at, counted, judged });
    }

    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        write_steps(tx, &self.new).await?;
        write_marks(tx, self.marks).await
    }
}

async fn write_steps(tx: &mut PgConnection, rows: &[StepRow]) -> Result<(), FoldError> {
    let judged = |of: fn(&Judged) -> Option<i64>| -> Vec<Option<i64>> {
        rows.iter().map(|row| row.judged.as_ref().and_then(of)).collect()
    };
    sqlx::query(
        "insert into campaign_steps
            (campaign_id, position, recorded_at, step, reason, asked, claimed, granted, version, met, leaves, refusal)
        select * from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::smallint[], $5::smallint[],
                             $6::smallint[], $7::smallint[], $8::smallint[], $9::bigint[], $10::boolean[],
                             $11::bigint[], $12::bigint[])",
    )
    .bind(rows.iter().map(|row| row.campaign_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.recorded_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.counted.stored().0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.counted.stored().1).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.counted.members.asked).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.counted.members.claimed).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.counted.members.granted).collect::<Vec<_>>())
    .bind(judged(|judged| Some(judged.version)))
    .bind(rows.iter().map(|row| row.judged.map(|judged| judged.met)).collect::<Vec<_>>())
    .bind(judged(|judged| Some(judged.leaves)))
    .bind(judged(|judged| judged.refusal))
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_marks(tx: &mut PgConnection, marks: Moving<Uuid, Mark>) -> Result<(), FoldError> {
    let (gone, rows) = marks.changes();
    // PostgreSQL has no arrays of arrays: all counters of all marks in one array
    let width = i32::try_from(Counts::default().stored().len()).unwrap_or(i32::MAX);
    sqlx::query(
        "with gone as (
            delete from campaign_marks
            using unnest($7::uuid[], $8::bigint[]) as moved(campaign_id, position)
            where campaign_marks.campaign_id = moved.campaign_id
              and campaign_marks.position = moved.position
        )
        insert into campaign_marks (campaign_id, position, since, recorded_at, counts)
        select campaign_id, position, since, recorded_at, ($5::bigint[])[(nth - 1) * $6 + 1 : nth * $6]
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[]) with ordinality
            as mark(campaign_id, position, since, recorded_at, nth)",
    )
    .bind(rows.iter().map(|(campaign, _, _)| *campaign).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, position, _)| *position).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, mark)| mark.since).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, mark)| mark.recorded_at).collect::<Vec<_>>())
    .bind(rows.iter().flat_map(|(_, _, mark)| mark.counts.stored()).copied().collect::<Vec<i64>>())
    .bind(width)
    .bind(gone.iter().map(|(campaign, _)| *campaign).collect::<Vec<_>>())
    .bind(gone.iter().map(|(_, position)| *position).collect::<Vec<_>>())
    // planned each time: a cached plan from an empty table would keep reading all of it
    .persistent(false)
    .execute(tx)
    .await?;
    Ok(())
}
