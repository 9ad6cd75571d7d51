//! A view of the dashboard's tables as of one position: everything that is read through it is of one
//! snapshot of the database. What the tables hold of later events is taken back; what they do not
//! hold, because it lies between two marks, is read from the log.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::Event;
use domain::id::RewardId;
use domain::member::MemberEvent;
use domain::role::Role;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::AsOf;
use super::counts::{Counter, Counts, Grants};
use super::marks::{Mark, group_start};
use super::offers::{CampaignRow, RewardAndGrants, RewardRow};
use super::sets::ACTIVE;
use super::span::{Span, Width};
use super::standing::Standing;
use crate::engine::error::FoldError;
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
    /// No fact of the tables, whatever its position, occurred after this moment.
    last_fact_at: Option<DateTime<Utc>>,
    /// The last mark that a view of the past goes on from.
    pub(super) marked: i64,
    /// Of the view's own group of positions; read only for a view of the past.
    recent: Vec<Recorded>,
}

#[derive(sqlx::FromRow)]
struct Opened {
    folded: i64,
    position: i64,
    recorded_at: DateTime<Utc>,
    last_fact_at: Option<DateTime<Utc>>,
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
        Self::open(pool, None, clock, 0).await
    }

    /// As of a position, at the moment at which it was recorded; as of everything that is folded in when
    /// the position is beyond that.
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
    pub async fn open(
        pool: &PgPool,
        position: Option<i64>,
        now: DateTime<Utc>,
        folded: i64,
    ) -> Result<Self, FoldError> {
        let mut tx = pool.begin_with("begin transaction isolation level repeatable read read only").await?;
        let opened: Opened = sqlx::query_as(
            "select view.folded, view.position, coalesce(events.recorded_at, '1970-01-01T00:00:00Z') as recorded_at,
                    (select max(occurred_at) from dashboard_facts) as last_fact_at,
                    mark.position as mark, mark.recorded_at as marked_at, mark.counts
            from (
                select folded, least($1::bigint, folded) as position
                from (
                    select greatest(coalesce(max(position), 0), $2::bigint) as folded
                    from checkpoints
                    where name = 'dashboard'
                ) as model
            ) as view
            left join events on events.position = view.position
            left join lateral (
                select position, recorded_at, counts || approvals || insufficient_points as counts
                from dashboard_marks
                where dashboard_marks.position <= view.position
                order by position desc
                limit 1
            ) as mark on true",
        )
        .bind(position)
        .bind(folded)
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
            clock: if position.is_none() { now } else { as_of.recorded_at },
            counts: mark.counts,
            is_past: opened.position < opened.folded,
            last_fact_at: opened.last_fact_at,
            marked: mark.position,
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

    /// The same span as far as sets are concerned: one that ends after everything that is known may as well end with
    /// that day, which is then in it as a whole. So what is still going on is never read row by row.
    pub(super) fn rounded(&self, what: &str, span: Span) -> Span {
        let known_until = match (what, self.is_past) {
            (ACTIVE, _) => self.last_fact_at,
            (_, false) => Some(self.as_of.recorded_at),
            // later steps are in the tables as well
            (_, true) => return span,
        };
        let goes_beyond = known_until.is_none_or(|known_until| known_until < span.to);
        if goes_beyond { Span { to: Width::Day.ceil(span.to), ..span } } else { span }
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

    /// Whose claims moved between the mark of a view of the past and its position.
    pub(super) fn recent_claimants(&self) -> BTreeSet<Uuid> {
        let since = self.recent.iter().filter(|recorded| recorded.entry.position > self.marked);
        let members = since.filter_map(|recorded| match &recorded.event {
            Event::Claim(event) => Some(event.member().0),
            Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) | Event::Value(_) => None,
        });
        members.collect()
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

    /// How often somebody registered as a member before each of these moments: up to the quarter of an hour by a mark,
    /// in it row by row.
    pub(super) async fn registered_before(&mut self, moments: &[DateTime<Utc>]) -> Result<Vec<i64>, FoldError> {
        let known = |moment: &DateTime<Utc>| Width::Quarter.floor((*moment).min(self.as_of.recorded_at));
        let rows: Vec<(Option<Vec<i64>>, i64)> = sqlx::query_as(
            "select mark.counts, since.count
            from unnest($1::timestamptz[], $2::timestamptz[]) with ordinality as asked(quarter, moment, nth)
            left join lateral (
                select counts || approvals || insufficient_points as counts
                from dashboard_marks
                where dashboard_marks.recorded_at < asked.quarter
                  and dashboard_marks.position <= $3
                order by recorded_at desc, position desc
                limit 1
            ) as mark on true
            cross join lateral (
                select count(*) as count
                from (
                    select registered_at
                    from dashboard_memberships
                    where not corrects
                      and registered_at >= asked.quarter
                      and registered_at < asked.moment
                      and position <= $3
                    order by registered_at
                ) as registration
            ) as since
            order by asked.nth",
        )
        .bind(moments.iter().map(known).collect::<Vec<_>>())
        .bind(moments)
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let registered = rows.into_iter().map(|(mark, since)| {
            let counts = mark.as_deref().map(Counts::read).transpose()?.unwrap_or_default();
            Ok(counts.get(Counter::Registered) + since)
        });
        registered.collect()
    }

    /// The last mark before each of these moments.
    async fn marks_before(&mut self, moments: &[DateTime<Utc>]) -> Result<Vec<Mark>, FoldError> {
        let rows: Vec<(i64, i64, DateTime<Utc>, Vec<i64>)> = sqlx::query_as(
            "select asked.nth, mark.position, mark.recorded_at, mark.counts
            from unnest($1::timestamptz[]) with ordinality as asked(moment, nth)
            cross join lateral (
                select position, recorded_at, counts || approvals || insufficient_points as counts
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
        let rows: Vec<RewardAndGrants> = sqlx::query_as(
            "select reward.*, last.changed_position, last.held, last.granted, last.amount, last.grant_steps
            from (
                select distinct on (reward_id) reward_id, position, campaign_id, reward_type, quantity
                from dashboard_rewards
                where position <= $1
                order by reward_id, position desc
            ) as reward
            left join lateral (
                select position as changed_position, held, granted, amount, grant_steps
                from dashboard_grants
                where dashboard_grants.reward_id = reward.reward_id
                  and dashboard_grants.position <= $1
                order by reward_id desc, dashboard_grants.position desc
                limit 1
            ) as last on true",
        )
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(self.with_recent_grants(rows))
    }

    /// How many grants of each reward stand.
    pub(crate) async fn grants_that_stand(&mut self) -> Result<BTreeMap<RewardId, i64>, FoldError> {
        let rewards = self.rewards().await?;
        Ok(rewards.into_iter().map(|(row, grants)| (RewardId(row.reward_id), grants.granted)).collect())
    }

    /// What campaigns are called.
    pub(crate) async fn campaign_names(
        &mut self,
        campaigns: BTreeSet<Uuid>,
    ) -> Result<BTreeMap<Uuid, String>, FoldError> {
        let rows: Vec<(Uuid, String)> = sqlx::query_as(
            "select last.*
            from unnest($1::uuid[]) as wanted(campaign_id)
            cross join lateral (
                select campaign_id, name
                from dashboard_campaigns
                where dashboard_campaigns.campaign_id = wanted.campaign_id
                  and dashboard_campaigns.position <= $2
                order by campaign_id desc, position desc
                limit 1
            ) as last",
        )
        .bind(campaigns.into_iter().collect::<Vec<_>>())
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().collect())
    }

    /// Rewards with their holds and grants. For a past view these are a row plus the later events of the log.
    pub(super) fn with_recent_grants(&self, rows: Vec<RewardAndGrants>) -> Vec<(RewardRow, Grants)> {
        let mut grants: BTreeMap<Uuid, (i64, Grants)> =
            rows.iter().filter_map(|row| Some((row.reward.reward_id, row.grants()?))).collect();
        for recorded in &self.recent {
            if let Event::Claim(event) = &recorded.event {
                let (position, grants) = grants.entry(event.about().reward_id.0).or_default();
                if recorded.entry.position > *position {
                    grants.claim(event);
                }
            }
        }
        let with_grants = rows.into_iter().map(|RewardAndGrants { reward, .. }| {
            let grants = grants.get(&reward.reward_id).map(|(_, grants)| *grants).unwrap_or_default();
            (reward, grants)
        });
        with_grants.collect()
    }
}

/// Counts an event: the steps of claims, and registrations.
fn count(counts: &mut Counts, standing: &mut Standing, recorded: &Recorded) -> Result<(), FoldError> {
    match &recorded.event {
        Event::Claim(event) => standing.step(counts, event, &recorded.entry)?,
        Event::Member(MemberEvent::Registered(registered)) => {
            counts.add(Counter::Registered, i64::from(registered.role == Role::User));
        }
        Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) | Event::Value(_) => {}
    }
    Ok(())
}
