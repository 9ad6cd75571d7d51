//! The decisions by each version of a condition: attempts, how often it and each of its leaves was met, and refusals by
//! the combination of leaves that were met. What a combination means for the rule is computed when it is read.

use std::collections::BTreeSet;

use domain::Event;
use domain::claim::{ClaimEvent, Decision, DenialReason};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::moving::Moving;
use crate::engine::error::FoldError;
use crate::log::Recorded;

/// How many combinations are counted for one version. All further ones are counted together.
const MAX_REFUSALS: i64 = 256;
/// The combination that stands for all further ones.
pub(super) const FURTHER: i64 = -1;
/// A combination is a positive number with a bit for each leaf.
pub(super) const MAX_BITS: usize = 63;

/// A version of a campaign's condition.
type OfVersion = (Uuid, i64);
/// A combination of leaves that were met, for a version.
type OfRefusal = (Uuid, i64, i64);

/// The counters of a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Judgement {
    pub(super) attempts: i64,
    pub(super) met: i64,
    pub(super) refused: i64,
    /// How many combinations are counted.
    refusals: i64,
    /// How often each leaf was met.
    pub(super) leaves: Vec<i64>,
}

/// The result of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) version: i64,
    pub(super) met: bool,
    /// The leaves that were met, one bit each; the lowest is the first.
    pub(super) leaves: i64,
    /// The combination under which it is counted as a refusal, if the condition refused it.
    pub(super) refusal: Option<i64>,
}

impl Judgement {
    /// The counters as of a stored row, for queries of the past.
    pub(super) fn of(attempts: i64, met: i64, refused: i64, leaves: Vec<i64>) -> Self {
        Self { attempts, met, refused, refusals: 0, leaves }
    }

    /// Counts an attempt; `leaves` is the number of leaves of its condition.
    pub(super) fn count(&mut self, judged: &Judged, leaves: usize) {
        self.attempts += 1;
        self.met += i64::from(judged.met);
        self.refused += i64::from(judged.refusal.is_some());
        if self.leaves.len() < leaves {
            self.leaves.resize(leaves, 0);
        }
        for (place, met) in self.leaves.iter_mut().enumerate().take(MAX_BITS) {
            *met += judged.leaves >> place & 1;
        }
    }
}

fn bits(decision: &Decision) -> i64 {
    let met = decision.evidence.iter().take(MAX_BITS).enumerate().filter(|(_, leaf)| leaf.met);
    met.fold(0, |bits, (place, _)| bits | 1 << place)
}

fn is_refusal(event: &ClaimEvent) -> bool {
    matches!(event, ClaimEvent::Denied(denied) if denied.reason == DenialReason::ConditionUnmet)
}

/// The versions in a batch, and their rows.
pub(super) struct Judgements {
    versions: Moving<OfVersion, Judgement>,
    refusals: Moving<OfRefusal, i64>,
}

impl Judgements {
    pub(super) async fn load(tx: &mut PgConnection, batch: &[Recorded]) -> Result<Self, FoldError> {
        let (mut versions, mut refusals) = (BTreeSet::new(), BTreeSet::new());
        for recorded in batch {
            let Event::Claim(event) = &recorded.event else { continue };
            let Some(decision) = event.decision() else { continue };
            let (campaign, version) = (event.about().campaign_id.0, i64::from(decision.condition_version));
            versions.insert((campaign, version));
            if is_refusal(event) {
                refusals.extend([(campaign, version, bits(decision)), (campaign, version, FURTHER)]);
            }
        }
        Ok(Self { versions: load_versions(tx, versions).await?, refusals: load_refusals(tx, refusals).await? })
    }

    /// Folds a step of a claim, in a group of steps that began at `group_start`. Returns the result if the step was an
    /// attempt.
    pub(super) fn step(&mut self, event: &ClaimEvent, group_start: i64, position: i64) -> Option<Judged> {
        let decision = event.decision()?;
        let (campaign, version) = (event.about().campaign_id.0, i64::from(decision.condition_version));
        let leaves = bits(decision);
        let counted = self.versions.last((campaign, version)).map_or(0, |judgement| judgement.refusals);
        let is_new = self.refusals.last((campaign, version, leaves)).is_none();
        let refusal = match (is_refusal(event), is_new) {
            (false, _) => None,
            (true, true) if counted >= MAX_REFUSALS => Some(FURTHER),
            (true, _) => Some(leaves),
        };
        let judged = Judged { version, met: decision.met, leaves, refusal };
        self.versions.count((campaign, version), group_start, position, |judgement| {
            judgement.count(&judged, decision.evidence.len());
            judgement.refusals += i64::from(is_new && refusal == Some(leaves));
        });
        if let Some(refusal) = refusal {
            self.refusals.count((campaign, version, refusal), group_start, position, |count| *count += 1);
        }
        Some(judged)
    }

    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        write_versions(tx, self.versions).await?;
        write_refusals(tx, self.refusals).await
    }
}

async fn load_versions(
    tx: &mut PgConnection,
    wanted: BTreeSet<OfVersion>,
) -> Result<Moving<OfVersion, Judgement>, FoldError> {
    type Columns = (Uuid, i64, i64, i64, i64, i64, i64, Vec<i64>);
    let (campaigns, versions): (Vec<Uuid>, Vec<i64>) = wanted.into_iter().unzip();
    let rows: Vec<Columns> = sqlx::query_as(
        "select last.*
        from unnest($1::uuid[], $2::bigint[]) as wanted(campaign_id, version)
        cross join lateral (
            select campaign_id, version, position, attempts, met, refused, refusals, leaves
            from campaign_judgements
            where campaign_judgements.campaign_id = wanted.campaign_id
              and campaign_judgements.version = wanted.version
            order by campaign_id desc, version desc, position desc
            limit 1
        ) as last",
    )
    .bind(campaigns)
    .bind(versions)
    .fetch_all(tx)
    .await?;
    Ok(Moving::from(rows.into_iter().map(|(campaign, version, position, attempts, met, refused, refusals, leaves)| {
        ((campaign, version), position, Judgement { attempts, met, refused, refusals, leaves })
    })))
}

async fn load_refusals(
    tx: &mut PgConnection,
    wanted: BTreeSet<OfRefusal>,
) -> Result<Moving<OfRefusal, i64>, FoldError> {
    if wanted.is_empty() {
        return Ok(Moving::from([]));
    }
    let rows: Vec<(Uuid, i64, i64, i64, i64)> = sqlx::query_as(
        "select last.*
        from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as wanted(campaign_id, version, leaves)
        cross join lateral (
            select campaign_id, version, leaves, position, count
            from campaign_refusals
            where campaign_refusals.campaign_id = wanted.campaign_id
              and campaign_refusals.version = wanted.version
              and campaign_refusals.leaves = wanted.leaves
            order by campaign_id desc, version desc, leaves desc, position desc
            limit 1
        ) as last",
    )
    .bind(wanted.iter().map(|key| key.0).collect::<Vec<_>>())
    .bind(wanted.iter().map(|key| key.1).collect::<Vec<_>>())
    .bind(wanted.iter().map(|key| key.2).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let rows = rows.into_iter();
    Ok(Moving::from(
        rows.map(|(campaign, version, leaves, position, count)| ((campaign, version, leaves), position, count)),
    ))
}

async fn write_versions(tx: &mut PgConnection, versions: Moving<OfVersion, Judgement>) -> Result<(), FoldError> {
    let (gone, rows) = versions.changes();
    if rows.is_empty() {
        return Ok(());
    }
    // PostgreSQL has no arrays of arrays of different lengths
    let array = |leaves: &[i64]| {
        let leaves: Vec<_> = leaves.iter().map(i64::to_string).collect();
        format!("{{{}}}", leaves.join(","))
    };
    sqlx::query(
        "with gone as (
            delete from campaign_judgements
            using unnest($9::uuid[], $10::bigint[], $11::bigint[]) as moved(campaign_id, version, position)
            where campaign_judgements.campaign_id = moved.campaign_id
              and campaign_judgements.version = moved.version
              and campaign_judgements.position = moved.position
        )
        insert into campaign_judgements (campaign_id, version, position, attempts, met, refused, refusals, leaves)
        select campaign_id, version, position, attempts, met, refused, refusals, leaves::bigint[]
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                    $8::text[])
            as new(campaign_id, version, position, attempts, met, refused, refusals, leaves)",
    )
    .bind(rows.iter().map(|(key, _, _)| key.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _, _)| key.1).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, position, _)| *position).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, judgement)| judgement.attempts).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, judgement)| judgement.met).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, judgement)| judgement.refused).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, judgement)| judgement.refusals).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, judgement)| array(&judgement.leaves)).collect::<Vec<_>>())
    .bind(gone.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind(gone.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
    .bind(gone.iter().map(|(_, position)| *position).collect::<Vec<_>>())
    // planned each time: a cached plan from an empty table would keep reading all of it
    .persistent(false)
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_refusals(tx: &mut PgConnection, refusals: Moving<OfRefusal, i64>) -> Result<(), FoldError> {
    let (gone, rows) = refusals.changes();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "with gone as (
            delete from campaign_refusals
            using unnest($6::uuid[], $7::bigint[], $8::bigint[], $9::bigint[])
                as moved(campaign_id, version, leaves, position)
            where campaign_refusals.campaign_id = moved.campaign_id
              and campaign_refusals.version = moved.version
              and campaign_refusals.leaves = moved.leaves
              and campaign_refusals.position = moved.position
        )
        insert into campaign_refusals (campaign_id, version, leaves, position, count)
        select * from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])",
    )
    .bind(rows.iter().map(|(key, _, _)| key.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _, _)| key.1).collect::<Vec<_>>())
    .bind(rows.iter().map(|(key, _, _)| key.2).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, position, _)| *position).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, count)| *count).collect::<Vec<_>>())
    .bind(gone.iter().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind(gone.iter().map(|(key, _)| key.1).collect::<Vec<_>>())
    .bind(gone.iter().map(|(key, _)| key.2).collect::<Vec<_>>())
    .bind(gone.iter().map(|(_, position)| *position).collect::<Vec<_>>())
    // as above
    .persistent(false)
    .execute(tx)
    .await?;
    Ok(())
}
