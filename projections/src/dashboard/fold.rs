//! Folds the log into the numbers of the dashboard: every event moves counters or one small row.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::Event;
use domain::activity::ActivityEvent;
use domain::campaign::CampaignEvent;
use domain::claim::{ClaimEvent, ClaimStatus};
use domain::member::MemberEvent;
use domain::role::Role;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::write::{write_campaigns, write_claims, write_counts, write_facts, write_members};
use crate::error::FoldError;
use crate::log::{Entry, Recorded};
use crate::projection::Projection;

/// The projection of this folder.
#[derive(Debug, Clone, Copy)]
pub struct Dashboard;

impl Projection for Dashboard {
    const NAME: &'static str = "dashboard";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["member", "activity", "campaign", "claim"];
    const TABLES: &'static [&'static str] =
        &["dashboard_counts", "dashboard_campaigns", "dashboard_claims", "dashboard_members", "dashboard_facts"];

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut numbers = Numbers::load(tx, batch).await?;
        for recorded in batch {
            let entry = &recorded.entry;
            match &recorded.event {
                Event::Member(event) => numbers.member(id(entry)?, event, entry),
                Event::Activity(ActivityEvent::Recorded(fact)) => {
                    numbers.fact(fact.occurred_at.utc(), fact.member_id.0, 1);
                }
                Event::Activity(ActivityEvent::Voided(fact)) => {
                    numbers.fact(fact.occurred_at.utc(), fact.member_id.0, -1);
                }
                Event::Campaign(event) => numbers.campaign(id(entry)?, event),
                Event::Claim(event) => numbers.claim(id(entry)?, event),
                Event::Referral(_) => {}
            }
        }
        numbers.write(tx).await
    }
}

fn id(entry: &Entry) -> Result<Uuid, FoldError> {
    entry.aggregate_id.parse().map_err(|_| FoldError::stored("stream id", entry.aggregate_id.as_str()))
}

/// The rows that a batch touches, and what it adds to the counters.
#[derive(Default)]
struct Numbers {
    counts: BTreeMap<(&'static str, String), i64>,
    campaigns: BTreeMap<Uuid, CampaignRow>,
    claims: BTreeMap<Uuid, String>,
    members: BTreeMap<Uuid, MemberRow>,
    facts: BTreeMap<(DateTime<Utc>, Uuid), i64>,
}

#[derive(sqlx::FromRow)]
pub(super) struct CampaignRow {
    pub(super) campaign_id: Uuid,
    pub(super) run: String,
    pub(super) starts_at: DateTime<Utc>,
    pub(super) ends_at: DateTime<Utc>,
}

#[derive(Default, sqlx::FromRow)]
pub(super) struct MemberRow {
    pub(super) member_id: Uuid,
    pub(super) registered_at: Option<DateTime<Utc>>,
    pub(super) counted: bool,
    pub(super) claimed: bool,
}

impl Numbers {
    fn add(&mut self, what: &'static str, label: &str, delta: i64) {
        *self.counts.entry((what, label.to_owned())).or_default() += delta;
    }

    fn member(&mut self, id: Uuid, event: &MemberEvent, entry: &Entry) {
        self.change_member(id, |row| match event {
            MemberEvent::Registered(registered) => {
                row.registered_at = Some(entry.recorded_at.utc());
                row.counted = registered.role == Role::User;
            }
            // who was erased is no member any more, whatever the role
            MemberEvent::RoleChanged(change) => row.counted = row.registered_at.is_some() && change.role == Role::User,
            MemberEvent::Erased(_) => {
                row.registered_at = None;
                row.counted = false;
            }
            MemberEvent::ProfileCompleted(_)
            | MemberEvent::ProfileReopened(_)
            | MemberEvent::TimeZoneChanged(_)
            | MemberEvent::Blocked(_)
            | MemberEvent::Unblocked(_) => {}
        });
    }

    /// Changes a member's row and moves the counters by the difference.
    fn change_member(&mut self, id: Uuid, change: impl FnOnce(&mut MemberRow)) {
        let row = self.members.entry(id).or_insert_with(|| MemberRow { member_id: id, ..MemberRow::default() });
        let before = (row.counted, row.counted && row.claimed);
        change(row);
        let after = (row.counted, row.counted && row.claimed);
        self.add("members", "total", i64::from(after.0) - i64::from(before.0));
        self.add("members", "claimants", i64::from(after.1) - i64::from(before.1));
    }

    fn fact(&mut self, occurred_at: DateTime<Utc>, member: Uuid, delta: i64) {
        *self.facts.entry((occurred_at, member)).or_default() += delta;
    }

    fn campaign(&mut self, id: Uuid, event: &CampaignEvent) {
        let run = match event {
            CampaignEvent::Created(created) => {
                let (starts_at, ends_at) = (created.terms.starts_at.utc(), created.terms.ends_at.utc());
                self.campaigns
                    .insert(id, CampaignRow { campaign_id: id, run: "running".to_owned(), starts_at, ends_at });
                return;
            }
            CampaignEvent::Revised(revised) => {
                if let Some(row) = self.campaigns.get_mut(&id) {
                    (row.starts_at, row.ends_at) = (revised.terms.starts_at.utc(), revised.terms.ends_at.utc());
                }
                return;
            }
            CampaignEvent::RewardAdded(added) => return self.add("rewards", added.terms.reward_type.name(), 1),
            CampaignEvent::RewardRevised(_)
            | CampaignEvent::StockChanged(_)
            | CampaignEvent::Opened(_)
            | CampaignEvent::Closed(_) => return,
            CampaignEvent::Paused(_) => "paused",
            CampaignEvent::Resumed(_) => "running",
            CampaignEvent::Ended(_) => "ended",
        };
        if let Some(row) = self.campaigns.get_mut(&id) {
            run.clone_into(&mut row.run);
        }
    }

    fn claim(&mut self, id: Uuid, event: &ClaimEvent) {
        self.change_member(event.member().0, |row| row.claimed = true);
        let before = self.claims.get(&id).cloned();
        let open = |status: &str| ClaimStatus::ALL.iter().any(|one| one.name() == status && one.is_open());
        let status = match event {
            // a blocked member who asks again does not change what was decided before
            ClaimEvent::Denied(_) if before.as_deref().is_some_and(|before| !open(before)) => return,
            ClaimEvent::Denied(_) => ClaimStatus::Denied,
            ClaimEvent::Submitted(_) => ClaimStatus::Pending,
            ClaimEvent::Granted(_) | ClaimEvent::Approved(_) => ClaimStatus::Granted,
            ClaimEvent::Rejected(_) => ClaimStatus::Rejected,
            ClaimEvent::Expired(_) => ClaimStatus::Expired,
            ClaimEvent::Fulfilled(_) => ClaimStatus::Fulfilled,
            ClaimEvent::FulfilmentFailed(_) => ClaimStatus::FulfilmentFailed,
            ClaimEvent::Reversed(_) => ClaimStatus::Reversed,
        };
        if let Some(before) = before {
            self.add("claims", &before, -1);
        }
        self.add("claims", status.name(), 1);
        self.claims.insert(id, status.name().to_owned());
    }

    async fn load(tx: &mut PgConnection, batch: &[Recorded]) -> Result<Self, FoldError> {
        let (mut campaigns, mut claims, mut members) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for recorded in batch {
            match &recorded.event {
                Event::Member(_) => members.extend([id(&recorded.entry)?]),
                Event::Campaign(_) => campaigns.extend([id(&recorded.entry)?]),
                Event::Claim(event) => {
                    claims.extend([id(&recorded.entry)?]);
                    members.extend([event.member().0]);
                }
                Event::Activity(_) | Event::Referral(_) => {}
            }
        }
        let mut numbers = Self::default();
        if !campaigns.is_empty() {
            let rows: Vec<CampaignRow> = sqlx::query_as(
                "select campaign.*
                from unnest($1::uuid[]) as wanted(campaign_id)
                cross join lateral (
                    select campaign_id, run, starts_at, ends_at
                    from dashboard_campaigns
                    where dashboard_campaigns.campaign_id = wanted.campaign_id
                    limit 1
                ) as campaign",
            )
            .bind(campaigns.into_iter().collect::<Vec<_>>())
            .fetch_all(&mut *tx)
            .await?;
            numbers.campaigns = rows.into_iter().map(|row| (row.campaign_id, row)).collect();
        }
        if !claims.is_empty() {
            let rows: Vec<(Uuid, String)> = sqlx::query_as(
                "select wanted.claim_id, claim.status
                from unnest($1::uuid[]) as wanted(claim_id)
                cross join lateral (
                    select status from dashboard_claims where dashboard_claims.claim_id = wanted.claim_id limit 1
                ) as claim",
            )
            .bind(claims.into_iter().collect::<Vec<_>>())
            .fetch_all(&mut *tx)
            .await?;
            numbers.claims = rows.into_iter().collect();
        }
        if !members.is_empty() {
            let rows: Vec<MemberRow> = sqlx::query_as(
                "select member.*
                from unnest($1::uuid[]) as wanted(member_id)
                cross join lateral (
                    select member_id, registered_at, counted, claimed
                    from dashboard_members
                    where dashboard_members.member_id = wanted.member_id
                    limit 1
                ) as member",
            )
            .bind(members.into_iter().collect::<Vec<_>>())
            .fetch_all(tx)
            .await?;
            numbers.members = rows.into_iter().map(|row| (row.member_id, row)).collect();
        }
        Ok(numbers)
    }

    async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        write_counts(tx, self.counts).await?;
        write_campaigns(tx, self.campaigns).await?;
        write_claims(tx, self.claims).await?;
        write_members(tx, self.members).await?;
        write_facts(tx, self.facts).await
    }
}
