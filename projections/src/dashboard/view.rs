//! A view of the dashboard's tables as of one position: everything that is read through it is of one
//! snapshot of the database. What the tables hold of later events is taken back; what they do not
//! hold, because it lies between two marks, is read from the log.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::member::MemberEvent;
use domain::role::Role;
use roaring::RoaringBitmap;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::AsOf;
use super::counts::{Counter, Counts, Grants};
use super::marks::{Mark, group_start};
use super::offers::{CampaignRow, GrantsRow, RewardRow};
use super::sets::{self, COUNTED};
use super::span::Width;
use super::standing::Standing;
use crate::error::FoldError;
use crate::log::{self, Recorded};

/// The streams that move counters.
const COUNTED_STREAMS: [&str; 2] = ["member", "claim"];

/// The numbers of the dashboard as of one position.
pub struct View {
    pub(super) tx: Transaction<'static, Postgres>,
    pub(super) as_of: AsOf,
    /// Judges which campaigns have started and ended.
    pub(super) clock: DateTime<Utc>,
    pub(super) counts: Counts,
    /// Whether the tables have folded in more than this view shows.
    pub(super) is_past: bool,
    /// Of the view's own group of positions; read only for a view of the past.
    recent: Vec<Recorded>,
}

#[derive(sqlx::FromRow)]
struct Opened {
    folded: i64,
    position: i64,
    recorded_at: DateTime<Utc>,
    mark: Option<i64>,
    marked_at: Option<DateTime<Utc>>,
    counts: Option<Vec<i64>>,
}

impl View {
    /// As of everything that is folded in, at a moment.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn now(pool: &PgPool, clock: DateTime<Utc>) -> Result<Self, FoldError> {
        Self::open(pool, None, Some(clock)).await
    }

    /// As of a position, at the moment at which it was recorded; as of everything that is folded in when
    /// the position is beyond that.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn at(pool: &PgPool, position: i64) -> Result<Self, FoldError> {
        Self::open(pool, Some(position), None).await
    }

    async fn open(pool: &PgPool, position: Option<i64>, clock: Option<DateTime<Utc>>) -> Result<Self, FoldError> {
        let mut tx = pool.begin_with("begin transaction isolation level repeatable read read only").await?;
        let opened: Opened = sqlx::query_as(
            "select view.folded, view.position, coalesce(events.recorded_at, '1970-01-01T00:00:00Z') as recorded_at,
                    mark.position as mark, mark.recorded_at as marked_at, mark.counts
            from (
                select coalesce(max(position), 0) as folded,
                       least($1::bigint, coalesce(max(position), 0)) as position
                from checkpoints
                where name = 'dashboard'
            ) as view
            left join events on events.position = view.position
            left join lateral (
                select position, recorded_at, counts
                from dashboard_marks
                where dashboard_marks.position <= view.position
                order by position desc
                limit 1
            ) as mark on true",
        )
        .bind(position)
        .fetch_one(&mut *tx)
        .await?;
        let mark = match (opened.mark, opened.marked_at, &opened.counts) {
            (Some(position), Some(recorded_at), Some(counts)) => Mark::of(position, recorded_at, counts)?,
            (_, _, _) => Mark::default(),
        };
        let as_of = AsOf { position: opened.position, recorded_at: opened.recorded_at };
        let mut view = Self {
            tx,
            as_of,
            clock: clock.unwrap_or(as_of.recorded_at),
            counts: mark.counts,
            is_past: opened.position < opened.folded,
            recent: Vec::new(),
        };
        if view.is_past {
            view.look_back(mark).await?;
        }
        Ok(view)
    }

    /// What this view is as of.
    #[must_use]
    pub fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// Goes on from a mark to the position of the view.
    async fn look_back(&mut self, mark: Mark) -> Result<(), FoldError> {
        let after = group_start(self.as_of.position) - 1;
        self.recent = self.read_log(after, self.as_of.position).await?;
        let since: Vec<_> = self.recent.iter().filter(|recorded| recorded.entry.position > mark.position).collect();
        let mut standing = Standing::before(&mut self.tx, since.iter().copied()).await?;
        for recorded in since {
            count(&mut self.counts, &mut standing, recorded)?;
        }
        Ok(())
    }

    async fn read_log(&mut self, after: i64, through: i64) -> Result<Vec<Recorded>, FoldError> {
        let entries = log::read_between(&mut self.tx, after, through, &COUNTED_STREAMS).await?;
        let decoded = entries.into_iter().map(|entry| {
            let position = entry.position;
            entry.recorded().map_err(|source| FoldError::Event { position, source })
        });
        decoded.collect()
    }

    /// The counters of steps before each of these moments. Where claims stood is not among them.
    pub(super) async fn steps_before(&mut self, moments: &[DateTime<Utc>]) -> Result<Vec<Counts>, FoldError> {
        let marks = self.marks_before(moments).await?;
        let mut all = Vec::with_capacity(moments.len());
        for (moment, mark) in moments.iter().zip(marks) {
            all.push(if *moment > self.as_of.recorded_at {
                self.counts
            } else if Width::Quarter.floor(*moment) == *moment {
                mark.counts
            } else {
                self.steps_between(mark, *moment).await?
            });
        }
        Ok(all)
    }

    /// Goes on from a mark to a moment between it and the next one.
    async fn steps_between(&mut self, mark: Mark, moment: DateTime<Utc>) -> Result<Counts, FoldError> {
        let next: Option<i64> =
            sqlx::query_scalar("select position from dashboard_marks where position > $1 order by position limit 1")
                .bind(mark.position)
                .fetch_optional(&mut *self.tx)
                .await?;
        let Some(next) = next else { return Ok(mark.counts) };
        let after = mark.position.max(group_start(next) - 1);
        let mut counts = mark.counts;
        for recorded in self.read_log(after, next.min(self.as_of.position)).await? {
            if recorded.entry.recorded_at.utc() < moment {
                count(&mut counts, &mut Standing::default(), &recorded)?;
            }
        }
        Ok(counts)
    }

    /// How often somebody registered as a member before each of these moments.
    pub(super) async fn registered_before(&mut self, moments: &[DateTime<Utc>]) -> Result<Vec<i64>, FoldError> {
        let known = |moment: &DateTime<Utc>| Width::Quarter.floor((*moment).min(self.as_of.recorded_at));
        let quarters: Vec<_> = moments.iter().map(known).collect();
        let marks = self.marks_before(&quarters).await?;
        let edges: Vec<_> = (0_i64..).zip(quarters.iter().zip(moments)).filter(|(_, (from, to))| from < to).collect();
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "select edge.nth, registered.count
            from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) as edge(nth, starts_at, ends_at)
            cross join lateral (
                select count(*) as count
                from dashboard_memberships
                where not corrects
                  and registered_at >= edge.starts_at
                  and registered_at < edge.ends_at
                  and position <= $4
            ) as registered",
        )
        .bind(edges.iter().map(|(nth, _)| *nth).collect::<Vec<_>>())
        .bind(edges.iter().map(|(_, (from, _))| **from).collect::<Vec<_>>())
        .bind(edges.iter().map(|(_, (_, to))| **to).collect::<Vec<_>>())
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let since: BTreeMap<i64, i64> = rows.into_iter().collect();
        let at_mark = marks.iter().map(|mark| mark.counts.get(Counter::Registered));
        Ok((0_i64..).zip(at_mark).map(|(nth, count)| count + since.get(&nth).copied().unwrap_or_default()).collect())
    }

    /// The last mark before each of these moments.
    async fn marks_before(&mut self, moments: &[DateTime<Utc>]) -> Result<Vec<Mark>, FoldError> {
        let rows: Vec<(i64, i64, DateTime<Utc>, Vec<i64>)> = sqlx::query_as(
            "select asked.nth, mark.position, mark.recorded_at, mark.counts
            from unnest($1::timestamptz[]) with ordinality as asked(moment, nth)
            cross join lateral (
                select position, recorded_at, counts
                from dashboard_marks
                where dashboard_marks.recorded_at < asked.moment
                  and dashboard_marks.position <= $2
                order by recorded_at desc, position desc
                limit 1
            ) as mark",
        )
        .bind(moments)
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut marks = vec![Mark::default(); moments.len()];
        for (nth, position, recorded_at, counts) in rows {
            if let Some(mark) = usize::try_from(nth - 1).ok().and_then(|nth| marks.get_mut(nth)) {
                *mark = Mark::of(position, recorded_at, &counts)?;
            }
        }
        Ok(marks)
    }

    /// Who counts as a member.
    pub(super) async fn counted(&mut self) -> Result<RoaringBitmap, FoldError> {
        let shards: Vec<Vec<u8>> = sqlx::query_scalar("select members from dashboard_sets where what = $1")
            .bind(COUNTED)
            .fetch_all(&mut *self.tx)
            .await?;
        let mut counted = RoaringBitmap::new();
        for shard in &shards {
            counted |= sets::read(shard)?;
        }
        if self.is_past {
            let later: Vec<(i32, i64)> = sqlx::query_as(
                "select member, sum(change)
                from dashboard_memberships
                where position > $1
                group by member
                having sum(change) <> 0",
            )
            .bind(self.as_of.position)
            .fetch_all(&mut *self.tx)
            .await?;
            for (member, change) in later {
                let member = member.unsigned_abs();
                if change > 0 {
                    counted.remove(member)
                } else {
                    counted.insert(member)
                };
            }
        }
        Ok(counted)
    }

    /// How many of the members have a claim.
    pub(super) async fn claimants(&mut self, counted: &RoaringBitmap) -> Result<i64, FoldError> {
        if !self.is_past {
            return Ok(self.counts.get(Counter::Claimants));
        }
        let claimed: Vec<i32> =
            sqlx::query_scalar("select ordinal from dashboard_members where first_claim_position <= $1")
                .bind(self.as_of.position)
                .fetch_all(&mut *self.tx)
                .await?;
        let claimed = claimed.into_iter().map(i32::unsigned_abs).filter(|member| counted.contains(*member));
        Ok(i64::try_from(claimed.count()).unwrap_or(i64::MAX))
    }

    /// The campaigns, newest first.
    pub(super) async fn campaigns(&mut self) -> Result<Vec<CampaignRow>, FoldError> {
        let mut rows: Vec<CampaignRow> = sqlx::query_as(
            "select distinct on (campaign_id)
                    campaign_id, position, created_position, name, run, starts_at, ends_at, ended_at
            from dashboard_campaigns
            where position <= $1
            order by campaign_id, position desc",
        )
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.created_position));
        Ok(rows)
    }

    /// The rewards, each with what of it is held and granted.
    pub(super) async fn rewards(&mut self) -> Result<Vec<(RewardRow, Grants)>, FoldError> {
        let rewards: Vec<RewardRow> = sqlx::query_as(
            "select distinct on (reward_id) reward_id, position, campaign_id, reward_type, quantity
            from dashboard_rewards
            where position <= $1
            order by reward_id, position desc",
        )
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let grants: Vec<GrantsRow> = sqlx::query_as(
            "select last.*
            from unnest($1::uuid[]) as wanted(reward_id)
            cross join lateral (
                select reward_id, position, held, granted, amount
                from dashboard_grants
                where dashboard_grants.reward_id = wanted.reward_id
                  and dashboard_grants.position <= $2
                order by reward_id desc, position desc
                limit 1
            ) as last",
        )
        .bind(rewards.iter().map(|reward| reward.reward_id).collect::<Vec<_>>())
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut grants: BTreeMap<Uuid, (i64, Grants)> =
            grants.into_iter().map(|row| (row.reward_id, (row.position, row.grants()))).collect();
        for recorded in &self.recent {
            if let Event::Claim(event) = &recorded.event {
                let (position, grants) = grants.entry(event.about().reward_id.0).or_default();
                if recorded.entry.position > *position {
                    grants.claim(event);
                }
            }
        }
        let with_grants = rewards.into_iter().map(|reward| {
            let grants = grants.get(&reward.reward_id).map(|(_, grants)| *grants).unwrap_or_default();
            (reward, grants)
        });
        Ok(with_grants.collect())
    }
}

/// Counts an event: the steps of claims, and registrations.
fn count(counts: &mut Counts, standing: &mut Standing, recorded: &Recorded) -> Result<(), FoldError> {
    match &recorded.event {
        Event::Claim(event) => standing.step(counts, event, &recorded.entry)?,
        Event::Member(MemberEvent::Registered(registered)) => {
            counts.add(Counter::Registered, i64::from(registered.role == Role::User));
        }
        Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) => {}
    }
    Ok(())
}
