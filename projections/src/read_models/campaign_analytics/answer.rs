//! The answer about one campaign, read from a view.

mod steps;
mod versions;

use chrono::{DateTime, Utc};
use domain::claim::DenialReason;
use domain::condition::Condition;
use domain::id::CampaignId;

use super::counts::Counter;
use super::view::View;
use crate::engine::error::FoldError;
use crate::read_models::dashboard::{AsOf, Timeline, members_at};
pub use versions::MAX_MISSING;

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
}
