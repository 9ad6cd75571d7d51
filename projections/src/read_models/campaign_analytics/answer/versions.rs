//! The versions of a campaign's condition, and the decisions by each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::condition::Condition;
use domain::id::CampaignId;
use sqlx::types::Json;

use super::steps::Since;
use super::{LeafMet, Missing, Version};
use crate::engine::error::FoldError;
use crate::read_models::campaign_analytics::judgements::{FURTHER, Judgement, MAX_BITS};
use crate::read_models::campaign_analytics::view::View;

/// The most versions of a condition in one answer; the latest are shown.
const MAX_VERSIONS: i64 = 100;
/// The most combinations of missing leaves shown for one version.
pub const MAX_MISSING: usize = 20;

/// A version of the condition, from its milestone.
pub(super) type InForce = (i64, i64, DateTime<Utc>, Json<Condition>);

impl View {
    /// The versions of its condition, oldest first.
    pub(super) async fn versions(&mut self, campaign: CampaignId) -> Result<Vec<InForce>, FoldError> {
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

    /// The decisions by these versions: their last rows, plus the steps after those.
    pub(super) async fn judged(
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
        let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(include_str!("refusals.sql"))
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
