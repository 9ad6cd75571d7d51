//! The answer about one campaign, read from a view.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::claim::{ClaimEventType, DenialReason};
use domain::condition::Condition;
use domain::id::CampaignId;
use sqlx::types::Json;

use super::counts::{Counted, Counter, Counts, MembersMoved};
use super::judgements::{FURTHER, Judged, Judgement, MAX_BITS};
use super::steps::quarter;
use super::view::View;
use crate::engine::error::FoldError;
use crate::read_models::dashboard::{AsOf, Timeline, members_at};

/// The most versions of a condition in one answer; the latest are shown.
const MAX_VERSIONS: i64 = 100;
/// The most combinations of missing leaves shown for one version.
pub const MAX_MISSING: usize = 20;

/// The analytics of one campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct OneCampaign {
    /// The buckets of the window.
    pub timeline: Vec<StepsBucket>,
    /// Attempts that were refused in the window, by reason; every reason is there.
    pub denial_reasons: Vec<(DenialReason, i64)>,
    /// The decisions by each version of its condition, oldest first.
    pub versions: Vec<Version>,
    /// Grants that stand.
    pub granted: i64,
    /// Grants that wait for an operator.
    pub held: i64,
    /// The members.
    pub members: CampaignMembers,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// The steps of claims in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepsBucket {
    /// Where the bucket starts.
    pub bucket: DateTime<Utc>,
    /// Grants that were made, at once or by an operator.
    pub granted: i64,
    /// Attempts that were refused.
    pub denied: i64,
    /// Claims that began to wait for an operator.
    pub pending: i64,
    /// Claims that an operator rejected.
    pub rejected: i64,
    /// Claims that nobody decided in time.
    pub expired: i64,
    /// Claims that ended without a decision because their member was erased.
    pub withdrawn: i64,
    /// Grants that were taken back.
    pub reversed: i64,
}

/// The decisions by one version of a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its number.
    pub version: i64,
    /// The position from which it is in force.
    pub position: i64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The tree.
    pub condition: Condition,
    /// Attempts that it decided.
    pub attempts: i64,
    /// Attempts that met it.
    pub met: i64,
    /// Attempts that were refused because they did not.
    pub refused: i64,
    /// How often each of its leaves was met by itself, in reading order.
    pub leaves: Vec<LeafMet>,
    /// The combinations of leaves that were missing in refused attempts, most frequent first.
    pub missing: Vec<Missing>,
}

/// How often one leaf of a condition was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafMet {
    /// Where it stands in the tree.
    pub path: String,
    /// The kind of leaf.
    pub leaf: &'static str,
    /// Attempts in which it was met.
    pub met: i64,
}

/// Leaves that were missing together in refused attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Where they stand in the tree.
    pub paths: Vec<String>,
    /// How many attempts.
    pub count: i64,
}

/// Members in one campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampaignMembers {
    /// Registered members of role USER.
    pub total: i64,
    /// Members who requested one of its rewards, with any result.
    pub asked: i64,
    /// Members who were granted or promised one, even if they lost it later.
    pub claimed: i64,
    /// Members who have one.
    pub granted: i64,
}

/// A step after the last mark.
struct Since {
    position: i64,
    counted: Counted,
    judged: Option<Judged>,
}

/// A version of the condition, from its milestone.
type InForce = (i64, i64, DateTime<Utc>, Json<Condition>);

impl View {
    /// The analytics of a campaign; `None` if it does not exist yet.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn campaign(
        mut self,
        campaign: CampaignId,
        timeline: &Timeline,
    ) -> Result<Option<OneCampaign>, FoldError> {
        let in_force = self.versions(campaign).await?;
        if in_force.is_empty() {
            return Ok(None);
        }
        let (mark, mut counts) = self.last_mark(campaign).await?;
        let since = self.steps_since(campaign, mark).await?;
        since.iter().for_each(|step| counts.count(&step.counted));
        let steps = self.steps_before(campaign, &timeline.edges(), counts).await?;
        let between = |counter: Counter| match (steps.first(), steps.last()) {
            (Some(first), Some(last)) => last.get(counter) - first.get(counter),
            (_, _) => 0,
        };
        let buckets = timeline.labels().iter().zip(steps.windows(2));
        let total = members_at(&mut self.tx, self.as_of.position).await?;
        Ok(Some(OneCampaign {
            timeline: buckets.map(|(bucket, pair)| StepsBucket::between(*bucket, &pair[0], &pair[1])).collect(),
            denial_reasons: DenialReason::ALL.map(|reason| (reason, between(Counter::Denied(reason)))).to_vec(),
            versions: self.judged(campaign, in_force, &since).await?,
            granted: counts.granted(),
            held: counts.held(),
            members: CampaignMembers {
                total,
                asked: counts.get(Counter::Asked),
                claimed: counts.get(Counter::Claimed),
                granted: counts.get(Counter::Granted),
            },
            as_of: self.as_of,
        }))
    }

    /// The versions of its condition, the oldest first.
    async fn versions(&mut self, campaign: CampaignId) -> Result<Vec<InForce>, FoldError> {
        let mut versions: Vec<InForce> = sqlx::query_as(
            "select version, position, recorded_at, condition
            from campaign_milestones
            where campaign_id = $1
              and position <= $2
              and version is not null
            order by campaign_id desc, position desc
            limit $3",
        )
        .bind(campaign.0)
        .bind(self.as_of.position)
        .bind(MAX_VERSIONS)
        .fetch_all(&mut *self.tx)
        .await?;
        versions.reverse();
        Ok(versions)
    }

    async fn last_mark(&mut self, campaign: CampaignId) -> Result<(i64, Counts), FoldError> {
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
    async fn steps_since(&mut self, campaign: CampaignId, mark: i64) -> Result<Vec<Since>, FoldError> {
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
    async fn steps_before(
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

    /// The decisions by these versions: their last rows, plus the steps after those.
    async fn judged(
        &mut self,
        campaign: CampaignId,
        in_force: Vec<InForce>,
        since: &[Since],
    ) -> Result<Vec<Version>, FoldError> {
        let numbers: Vec<i64> = in_force.iter().map(|(version, ..)| *version).collect();
        let mut judgements = self.judgements(campaign, &numbers).await?;
        let mut refusals = self.refusals(campaign, &numbers).await?;
        let leaves: BTreeMap<i64, usize> =
            in_force.iter().map(|(version, .., condition)| (*version, condition.leaves().count())).collect();
        for step in since {
            let Some(judged) = step.judged else { continue };
            let (position, judgement) = judgements.entry(judged.version).or_default();
            if step.position > *position {
                judgement.count(&judged, leaves.get(&judged.version).copied().unwrap_or_default());
            }
            if let Some(refusal) = judged.refusal {
                let (position, count) = refusals.entry((judged.version, refusal)).or_default();
                *count += i64::from(step.position > *position);
            }
        }
        let versions = in_force.into_iter().map(|(version, position, since, Json(condition))| {
            let (_, judgement) = judgements.remove(&version).unwrap_or_default();
            let combinations = refusals.range((version, i64::MIN)..=(version, i64::MAX));
            let combinations = combinations.map(|((_, leaves), (_, count))| (*leaves, *count));
            let missing = missing(&condition, combinations);
            let leaves = condition.leaves_by_path().into_iter().enumerate().map(|(place, (path, leaf))| LeafMet {
                path,
                leaf: leaf.name(),
                met: judgement.leaves.get(place).copied().unwrap_or_default(),
            });
            let leaves = leaves.collect();
            let Judgement { attempts, met, refused, .. } = judgement;
            Version { version, position, since, condition, attempts, met, refused, leaves, missing }
        });
        Ok(versions.collect())
    }

    async fn judgements(
        &mut self,
        campaign: CampaignId,
        versions: &[i64],
    ) -> Result<BTreeMap<i64, (i64, Judgement)>, FoldError> {
        let rows: Vec<(i64, i64, i64, i64, i64, Vec<i64>)> = sqlx::query_as(
            "select wanted.version, last.*
            from unnest($2::bigint[]) as wanted(version)
            cross join lateral (
                select position, attempts, met, refused, leaves
                from campaign_judgements
                where campaign_id = $1
                  and campaign_judgements.version = wanted.version
                  and campaign_judgements.position <= $3
                order by campaign_id desc, version desc, position desc
                limit 1
            ) as last",
        )
        .bind(campaign.0)
        .bind(versions)
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let judgements = rows.into_iter().map(|(version, position, attempts, met, refused, leaves)| {
            (version, (position, Judgement::of(attempts, met, refused, leaves)))
        });
        Ok(judgements.collect())
    }

    /// Refusals by version and by which leaves were met, each with the position of its row.
    async fn refusals(
        &mut self,
        campaign: CampaignId,
        versions: &[i64],
    ) -> Result<BTreeMap<(i64, i64), (i64, i64)>, FoldError> {
        let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(include_str!("answer/refusals.sql"))
            .bind(campaign.0)
            .bind(versions)
            .bind(self.as_of.position)
            .fetch_all(&mut *self.tx)
            .await?;
        let refusals =
            rows.into_iter().map(|(version, leaves, position, count)| ((version, leaves), (position, count)));
        Ok(refusals.collect())
    }
}

/// The missing leaves, most frequent combinations first. They follow from the leaves that were met; several
/// combinations of those can lead to the same missing leaves.
fn missing(condition: &Condition, combinations: impl Iterator<Item = (i64, i64)>) -> Vec<Missing> {
    let mut counts: BTreeMap<Vec<usize>, i64> = BTreeMap::new();
    for (leaves, count) in combinations.filter(|(leaves, count)| *leaves != FURTHER && *count > 0) {
        *counts.entry(condition.missing(|place| place < MAX_BITS && leaves >> place & 1 == 1)).or_default() += count;
    }
    let paths: Vec<String> = condition.leaves_by_path().into_iter().map(|(path, _)| path).collect();
    let mut counts: Vec<_> = counts.into_iter().filter(|(places, _)| !places.is_empty()).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let missing = counts.into_iter().take(MAX_MISSING).map(|(places, count)| {
        let paths = places.into_iter().filter_map(|place| paths.get(place).cloned());
        Missing { paths: paths.collect(), count }
    });
    missing.collect()
}

impl StepsBucket {
    fn between(bucket: DateTime<Utc>, before: &Counts, after: &Counts) -> Self {
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
