//! How does the programme do? The summary of the dashboard, every number as of one checkpoint.
//!
//! What is exact: everything. Claims, rewards and members of all time are counters; new members and
//! active members are counted from rows of one instant each, so that any window cuts between them.
//! The price is that a window is read as a whole: its cost grows with the facts in it.
//! How the rows are folded is in `fold`, how they are written in `write`.

mod fold;
mod write;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::campaign::{CampaignStatus, RewardType};
use domain::claim::ClaimStatus;
use sqlx::PgPool;
use sqlx::types::Json;

pub use fold::Dashboard;

/// The summary for one window of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Campaigns by where they stand; every status is there, in the order of a campaign's life.
    pub campaigns: Vec<(CampaignStatus, i64)>,
    /// Rewards by type; every type is there.
    pub rewards: Vec<(RewardType, i64)>,
    /// Claims of all time by current status; every status is there.
    pub claims: Vec<(ClaimStatus, i64)>,
    /// The members.
    pub members: Members,
    /// Members with a claim of any status ÷ members; 0 for none.
    pub participation_rate: f64,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// Registered members of role USER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Members {
    /// All of them.
    pub total: i64,
    /// Those with a fact that occurred in the window.
    pub active: i64,
    /// Those who registered in the window.
    pub new: i64,
    /// Those with a claim.
    pub claimants: i64,
}

/// A checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Up to here the log is folded in.
    pub position: i64,
    /// When the event at that position was recorded; 1970 before the first.
    pub recorded_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct SummaryRow {
    position: i64,
    recorded_at: DateTime<Utc>,
    counts: Json<BTreeMap<String, BTreeMap<String, i64>>>,
    campaigns: Json<BTreeMap<String, i64>>,
    active: i64,
    new: i64,
}

/// The summary of the window `from ≤ t < to`, with campaigns as they stand at `now`.
///
/// # Errors
/// The database's.
pub async fn summary(
    pool: &PgPool,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Summary> {
    // one statement is one snapshot: the numbers and the checkpoint they are as of
    let row: SummaryRow = sqlx::query_as(
        "select coalesce(checkpoint.position, 0) as position,
                coalesce(
                    (select recorded_at from events where events.position = checkpoint.position),
                    '1970-01-01T00:00:00Z'
                ) as recorded_at,
                (
                    select coalesce(json_object_agg(what, labels), '{}')
                    from (
                        select what, json_object_agg(label, count) as labels
                        from dashboard_counts
                        group by what
                    ) as counted
                ) as counts,
                (
                    select coalesce(json_object_agg(status, count), '{}')
                    from (
                        select case
                                   when run = 'ended' or ends_at <= $3 then 'ended'
                                   when run = 'paused' then 'paused'
                                   when starts_at > $3 then 'scheduled'
                                   else 'active'
                               end as status,
                               count(*) as count
                        from dashboard_campaigns
                        group by status
                    ) as counted
                ) as campaigns,
                (
                    select count(*)
                    from (
                        select distinct member_id
                        from dashboard_facts
                        where occurred_at >= $1 and occurred_at < $2
                    ) as seen
                    join dashboard_members on dashboard_members.member_id = seen.member_id
                    where counted
                ) as active,
                (
                    select count(*)
                    from dashboard_members
                    where counted and registered_at >= $1 and registered_at < $2
                ) as new
        from (values (0)) as one
        left join checkpoints as checkpoint on checkpoint.name = 'dashboard'",
    )
    .bind(from)
    .bind(to)
    .bind(now)
    .persistent(false)
    .fetch_one(pool)
    .await?;
    Ok(row.into())
}

impl From<SummaryRow> for Summary {
    fn from(row: SummaryRow) -> Self {
        let count = |what: &str, label: &str| {
            row.counts.get(what).and_then(|labels| labels.get(label)).copied().unwrap_or_default()
        };
        let members = Members {
            total: count("members", "total"),
            active: row.active,
            new: row.new,
            claimants: count("members", "claimants"),
        };
        Self {
            campaigns: CampaignStatus::ALL
                .map(|status| (status, row.campaigns.get(status.name()).copied().unwrap_or_default()))
                .to_vec(),
            rewards: RewardType::ALL.map(|kind| (kind, count("rewards", kind.name()))).to_vec(),
            claims: ClaimStatus::ALL.map(|status| (status, count("claims", status.name()))).to_vec(),
            participation_rate: share(members.claimants, members.total),
            members,
            as_of: AsOf { position: row.position, recorded_at: row.recorded_at },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "members are far fewer than 2⁵³")]
fn share(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
