//! The steps of a campaign's claims up to any moment: the totals of a mark, and the steps after it.

use chrono::{DateTime, Utc};
use domain::claim::ClaimEventType;
use domain::id::CampaignId;

use super::StepsBucket;
use crate::engine::error::FoldError;
use crate::read_models::campaign_analytics::counts::{Counted, Counter, Counts, MembersMoved};
use crate::read_models::campaign_analytics::judgements::Judged;
use crate::read_models::campaign_analytics::steps::quarter;
use crate::read_models::campaign_analytics::view::View;

/// A step after the last mark.
pub(super) struct Since {
    pub(super) position: i64,
    pub(super) counted: Counted,
    pub(super) judged: Option<Judged>,
}

impl View {
    /// The last mark of a campaign: its position and totals.
    pub(super) async fn last_mark(&mut self, campaign: CampaignId) -> Result<(i64, Counts), FoldError> {
        let mark: Option<(i64, Vec<i64>)> = sqlx::query_as(
            "select position, counts
            from campaign_marks
            where campaign_id = $1
              and position <= $2
            order by campaign_id desc, position desc
            limit 1",
        )
        .bind(campaign.0)
        .bind(self.as_of.position)
        .fetch_optional(&mut *self.tx)
        .await?;
        mark.map_or_else(|| Ok((0, Counts::default())), |(position, counts)| Ok((position, Counts::read(&counts)?)))
    }

    /// The steps after a mark, fewer than a group.
    pub(super) async fn steps_since(&mut self, campaign: CampaignId, mark: i64) -> Result<Vec<Since>, FoldError> {
        type Columns = (i64, i16, Option<i16>, i16, i16, i16, Option<i64>, Option<bool>, Option<i64>, Option<i64>);
        let rows: Vec<Columns> = sqlx::query_as(
            "select position, step, reason, asked, claimed, granted, version, met, leaves, refusal
            from campaign_steps
            where campaign_id = $1
              and position > $2
              and position <= $3
            order by campaign_id, position",
        )
        .bind(campaign.0)
        .bind(mark)
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let rows = rows.into_iter();
        rows.map(|(position, step, reason, asked, claimed, granted, version, met, leaves, refusal)| {
            let members = MembersMoved { asked, claimed, granted };
            let judged = match (version, met, leaves) {
                (Some(version), Some(met), Some(leaves)) => Some(Judged { version, met, leaves, refusal }),
                (_, _, _) => None,
            };
            Ok(Since { position, counted: Counted::read(step, reason, members)?, judged })
        })
        .collect()
    }

    /// The counters before each of these moments: those of a mark, plus single steps if the moment is within a quarter
    /// of an hour.
    pub(super) async fn steps_before(
        &mut self,
        campaign: CampaignId,
        moments: &[DateTime<Utc>],
        now: Counts,
    ) -> Result<Vec<Counts>, FoldError> {
        let rows: Vec<(i64, i64, Vec<i64>)> = sqlx::query_as(
            "select asked.nth, mark.position, mark.counts
            from unnest($2::timestamptz[]) with ordinality as asked(moment, nth)
            cross join lateral (
                select position, counts
                from campaign_marks
                where campaign_id = $1
                  and campaign_marks.recorded_at < asked.moment
                  and campaign_marks.position <= $3
                order by campaign_id desc, recorded_at desc, position desc
                limit 1
            ) as mark",
        )
        .bind(campaign.0)
        .bind(moments)
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut marks = vec![(0, Counts::default()); moments.len()];
        for (nth, position, counts) in rows {
            if let Some(mark) = usize::try_from(nth - 1).ok().and_then(|nth| marks.get_mut(nth)) {
                *mark = (position, Counts::read(&counts)?);
            }
        }
        let mut all = Vec::with_capacity(moments.len());
        for (moment, (mark, counts)) in moments.iter().zip(marks) {
            all.push(if *moment > self.as_of.recorded_at {
                now
            } else if quarter(*moment) == *moment {
                counts
            } else {
                self.steps_between(campaign, mark, counts, *moment).await?
            });
        }
        Ok(all)
    }

    /// Adds the steps between a mark and a moment before the next mark.
    async fn steps_between(
        &mut self,
        campaign: CampaignId,
        mark: i64,
        mut counts: Counts,
        moment: DateTime<Utc>,
    ) -> Result<Counts, FoldError> {
        let rows: Vec<(i16, Option<i16>, i16, i16, i16)> = sqlx::query_as(
            "select step, reason, asked, claimed, granted
            from campaign_steps
            where campaign_id = $1
              and position > $2
              and position <= least($3, (
                  select position
                  from campaign_marks
                  where campaign_id = $1
                    and position > $2
                  order by campaign_id, position
                  limit 1
              ))
              and recorded_at < $4
            order by campaign_id, position",
        )
        .bind(campaign.0)
        .bind(mark)
        .bind(self.as_of.position)
        .bind(moment)
        .fetch_all(&mut *self.tx)
        .await?;
        for (step, reason, asked, claimed, granted) in rows {
            counts.count(&Counted::read(step, reason, MembersMoved { asked, claimed, granted })?);
        }
        Ok(counts)
    }
}

impl StepsBucket {
    pub(super) fn between(bucket: DateTime<Utc>, before: &Counts, after: &Counts) -> Self {
        let steps = |step| after.get(Counter::Steps(step)) - before.get(Counter::Steps(step));
        Self {
            bucket,
            granted: after.grant_steps() - before.grant_steps(),
            denied: steps(ClaimEventType::Denied),
            pending: steps(ClaimEventType::Submitted),
            rejected: steps(ClaimEventType::Rejected),
            expired: steps(ClaimEventType::Expired),
            withdrawn: steps(ClaimEventType::Withdrawn),
            reversed: steps(ClaimEventType::Reversed),
        }
    }
}
