//! Every condition that a campaign has had, and the event that set each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::Event;
use domain::campaign::{CampaignEvent, CampaignTerms};
use domain::claim::Decision;
use domain::condition::{Condition, Leaf};
use domain::id::CampaignId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::AuditError;
use super::history::stream;
use super::judge::{Basis, ConditionBasis};

/// The conditions of one campaign by version, and its terms in force.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    versions: BTreeMap<u32, Version>,
    terms: Option<CampaignTerms>,
    /// The position of the event that set the start in force.
    start_set_at: i64,
}

#[derive(Debug, Clone)]
struct Version {
    condition: Arc<Condition>,
    position: i64,
}

impl Rules {
    pub(super) async fn of(conn: &mut PgConnection, campaign: CampaignId, head: i64) -> Result<Self, AuditError> {
        let mut rules = Self::default();
        for recorded in stream(conn, "campaign", &campaign.to_string(), head).await? {
            if let Event::Campaign(event) = &recorded.event {
                rules.take_in(recorded.entry.position, event);
            }
        }
        Ok(rules)
    }

    /// The conditions of several campaigns, read from the few events that contain one.
    pub(super) async fn of_all(
        conn: &mut PgConnection,
        campaigns: impl IntoIterator<Item = CampaignId>,
    ) -> Result<BTreeMap<CampaignId, Self>, AuditError> {
        let wanted: BTreeSet<CampaignId> = campaigns.into_iter().collect();
        let rows: Vec<(i64, Uuid, String, String, String)> = sqlx::query_as(
            "select brought.position, wanted.id::uuid, brought.event_type, brought.event_version, brought.payload
            from unnest($1::text[]) as wanted(id)
            cross join lateral (
                select position, event_type, event_version, payload::text as payload
                from events
                where aggregate_type = 'campaign' and aggregate_id = wanted.id
                  and event_type in ('campaign.created', 'campaign.revised')
                order by aggregate_type, aggregate_id, sequence
            ) as brought
            order by brought.position",
        )
        .bind(wanted.iter().map(ToString::to_string).collect::<Vec<_>>())
        // planned each time: a cached plan from an empty log would keep reading all of it
        .persistent(false)
        .fetch_all(conn)
        .await?;
        let mut all: BTreeMap<CampaignId, Self> = BTreeMap::new();
        for (position, campaign, event_type, version, payload) in rows {
            let event = Event::decode(&event_type, &version, &payload)
                .map_err(|source| AuditError::Event { position, source })?;
            if let Event::Campaign(event) = &event {
                all.entry(CampaignId(campaign)).or_default().take_in(position, event);
            }
        }
        Ok(all)
    }

    pub(super) fn take_in(&mut self, position: i64, event: &CampaignEvent) {
        match event {
            CampaignEvent::Created(created) => {
                self.version(1, &created.condition, position);
                self.terms(&created.terms, position);
            }
            CampaignEvent::Revised(revised) => {
                if let Some(condition) = &revised.condition {
                    self.version(revised.condition_version, condition, position);
                }
                self.terms(&revised.terms, position);
            }
            CampaignEvent::Opened(_)
            | CampaignEvent::Closed(_)
            | CampaignEvent::Paused(_)
            | CampaignEvent::Resumed(_)
            | CampaignEvent::Ended(_)
            | CampaignEvent::RewardAdded(_)
            | CampaignEvent::RewardRevised(_)
            | CampaignEvent::StockChanged(_) => {}
        }
    }

    fn version(&mut self, version: u32, condition: &Condition, position: i64) {
        self.versions.insert(version, Version { condition: Arc::new(condition.clone()), position });
    }

    fn terms(&mut self, terms: &CampaignTerms, position: i64) {
        if self.terms.as_ref().map(CampaignTerms::starts_on) != Some(terms.starts_on()) {
            self.start_set_at = position;
        }
        self.terms = Some(terms.clone());
    }

    /// Every condition that the campaign has had.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Arc<Condition>> {
        self.versions.values().map(|version| &version.condition)
    }

    /// The condition to re-evaluate a decision by, and the campaign's start date for it.
    pub(super) fn by<'a>(&'a self, basis: &'a Basis, decision: &Decision) -> Option<(&'a Condition, NaiveDate)> {
        let starts_on = self.terms.as_ref().map(CampaignTerms::starts_on);
        match &basis.condition {
            ConditionBasis::AsDecided => self
                .versions
                .get(&decision.condition_version)
                .map(|rule| (&*rule.condition, decision.campaign_starts_on)),
            ConditionBasis::Current => {
                let (_, current) = self.versions.last_key_value()?;
                Some((&current.condition, starts_on?))
            }
            ConditionBasis::Given(rule) => Some((rule, starts_on.unwrap_or(decision.campaign_starts_on))),
        }
    }

    /// The events that changed a leaf, or the start of what it counts, since a decision.
    pub(super) fn changed(&self, basis: &Basis, decision: &Decision, path: &str) -> Vec<i64> {
        let mut changed = Vec::new();
        let Some((condition, starts_on)) = self.by(basis, decision) else { return changed };
        let leaf = leaf_at(condition, path);
        if basis.condition == ConditionBasis::Current
            && let Some((_, current)) = self.versions.last_key_value()
        {
            let before = self.versions.get(&decision.condition_version);
            if before.and_then(|before| leaf_at(&before.condition, path)) != leaf {
                changed.push(current.position);
            }
        }
        if starts_on != decision.campaign_starts_on && leaf.is_some_and(Leaf::counts_from_campaign_start) {
            changed.push(self.start_set_at);
        }
        changed
    }
}

/// The leaf at a path of the evidence.
pub(super) fn leaf_at<'a>(condition: &'a Condition, path: &str) -> Option<&'a Leaf> {
    condition.leaves_by_path().into_iter().find(|(at, _)| at == path).map(|(_, leaf)| leaf)
}
