//! The milestones of campaigns: a row for each change that a timeline marks, and for each change of name, so that a
//! milestone shows the name of that time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::Event;
use domain::campaign::CampaignEvent;
use domain::condition::Condition;
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::fold::stream_id;
use super::view::View;
use crate::engine::error::FoldError;
use crate::log::{EventHeader, Recorded};

/// The most milestones in one answer; the latest are shown.
pub const MAX_MILESTONES: i64 = 500;

/// A change of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// Where it stands in the log.
    pub position: i64,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The campaign.
    pub campaign_id: Uuid,
    /// The name of the campaign at that time.
    pub name: String,
    /// The kind of change.
    pub kind: MilestoneKind,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MilestoneKind {
    /// Its window opened.
    Opened,
    /// Its window closed, or an operator ended it.
    Ended,
    /// Another version of its condition came into force.
    Rule {
        /// The version.
        version: i64,
    },
}

impl MilestoneKind {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Ended => "ended",
            Self::Rule { .. } => "rule",
        }
    }
}

/// Kinds of rows.
const RULE: &str = "rule";
const TERMS: &str = "terms";
const OPENED: &str = "opened";
const ENDED: &str = "ended";

/// One row.
struct Row {
    position: i64,
    campaign_id: Uuid,
    recorded_at: DateTime<Utc>,
    kind: &'static str,
    name: String,
    rule: Option<(i64, Value)>,
}

/// The names of the campaigns in a batch, and the rows that it adds.
pub(super) struct Milestones {
    names: BTreeMap<Uuid, String>,
    new: Vec<Row>,
}

impl Milestones {
    pub(super) async fn load(tx: &mut PgConnection, batch: &[Recorded]) -> Result<Self, FoldError> {
        let of_campaigns = batch.iter().filter(|recorded| matches!(recorded.event, Event::Campaign(_)));
        let wanted = of_campaigns.map(stream_id).collect::<Result<BTreeSet<_>, _>>()?;
        if wanted.is_empty() {
            return Ok(Self { names: BTreeMap::new(), new: Vec::new() });
        }
        let names: Vec<(Uuid, String)> = sqlx::query_as(
            "select wanted.campaign_id, last.name
            from unnest($1::uuid[]) as wanted(campaign_id)
            cross join lateral (
                select name
                from campaign_milestones
                where campaign_milestones.campaign_id = wanted.campaign_id
                order by campaign_id desc, position desc
                limit 1
            ) as last",
        )
        .bind(wanted.into_iter().collect::<Vec<_>>())
        .fetch_all(tx)
        .await?;
        Ok(Self { names: names.into_iter().collect(), new: Vec::new() })
    }

    pub(super) fn campaign(&mut self, id: Uuid, event: &CampaignEvent, entry: &EventHeader) {
        let rule = |version: u32, condition: &Condition| Some((i64::from(version), condition.to_json()));
        match event {
            CampaignEvent::Created(created) => {
                self.names.insert(id, created.terms.name.clone());
                self.row(id, RULE, rule(1, &created.condition), entry);
            }
            CampaignEvent::Revised(revised) => {
                self.names.insert(id, revised.terms.name.clone());
                let rule = revised.condition.as_ref().and_then(|tree| rule(revised.condition_version, tree));
                self.row(id, if rule.is_some() { RULE } else { TERMS }, rule, entry);
            }
            CampaignEvent::Opened(_) => self.row(id, OPENED, None, entry),
            CampaignEvent::Closed(_) | CampaignEvent::Ended(_) => self.row(id, ENDED, None, entry),
            CampaignEvent::Paused(_)
            | CampaignEvent::Resumed(_)
            | CampaignEvent::RewardAdded(_)
            | CampaignEvent::RewardRevised(_)
            | CampaignEvent::StockChanged(_) => {}
        }
    }

    fn row(&mut self, campaign_id: Uuid, kind: &'static str, rule: Option<(i64, Value)>, entry: &EventHeader) {
        let Some(name) = self.names.get(&campaign_id).cloned() else { return };
        let (position, recorded_at) = (entry.position, entry.recorded_at.utc());
        self.new.push(Row { position, campaign_id, recorded_at, kind, name, rule });
    }

    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        if self.new.is_empty() {
            return Ok(());
        }
        let rows = &self.new;
        sqlx::query(
            "insert into campaign_milestones (position, campaign_id, recorded_at, kind, name, version, condition)
            select * from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::bigint[],
                                 $7::json[])",
        )
        .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.campaign_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.recorded_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.rule.as_ref().map(|(version, _)| *version)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.rule.as_ref().map(|(_, tree)| Json(tree))).collect::<Vec<_>>())
        .execute(tx)
        .await?;
        Ok(())
    }
}

impl View {
    /// The changes after `after` and up to `through`, in the order of the log; the first version of a rule is not a
    /// change. If there are more than [`MAX_MILESTONES`], the latest.
    pub(crate) async fn milestones(&mut self, after: i64, through: i64) -> Result<Vec<Milestone>, FoldError> {
        type Columns = (i64, DateTime<Utc>, Uuid, String, String, Option<i64>);
        let mut rows: Vec<Columns> = sqlx::query_as(
            "select position, recorded_at, campaign_id, name, kind, version
            from campaign_milestones
            where position > $1
              and position <= least($2, $3)
              and kind <> $4
              and version is distinct from 1
            order by position desc
            limit $5",
        )
        .bind(after)
        .bind(through)
        .bind(self.as_of.position)
        .bind(TERMS)
        .bind(MAX_MILESTONES)
        .fetch_all(&mut *self.tx)
        .await?;
        rows.reverse();
        let milestone = |(position, recorded_at, campaign_id, name, kind, version): Columns| {
            let kind = match (kind.as_str(), version) {
                (OPENED, _) => MilestoneKind::Opened,
                (ENDED, _) => MilestoneKind::Ended,
                (RULE, Some(version)) => MilestoneKind::Rule { version },
                (_, _) => return Err(FoldError::stored("kind of a milestone", kind)),
            };
            Ok(Milestone { position, recorded_at, campaign_id, name, kind })
        };
        rows.into_iter().map(milestone).collect()
    }
}
