//! How does the programme do? Several answers, every number exact, in any window and any zone, now and as
//! of any position of the log.
//!
//! How: what only adds up (steps of claims, registrations) is kept as counters at marks along the log
//! (`marks`), so that a window is the difference of two rows. Who did something is kept as sets of
//! members for quarters of an hour, hours and days (`sets`), so that a window is the union of a few. What
//! a step of campaigns and stock changed is kept with its position (`offers`), what of a reward is taken by the minute, so
//! that what was left at a moment, and at which pace it goes, is a few look-ups (`taken`, `forecasts`). Between two marks, and at
//! edges that are no whole quarter of an hour, single rows or the log itself are read (`view`, `seen`);
//! a window that reaches to now has no such edge there, since nothing is known beyond it.
//! The price: a view of the past reads up to 1,024 events of the log, who came and went since, and the
//! facts of those quarters of an hour to which something was added since.

mod answers;
mod attention;
mod burn_down;
mod calendar;
mod counts;
mod daily;
mod days;
mod fold;
mod forecasts;
mod marks;
mod members;
mod offers;
mod participation;
mod running;
mod seen;
mod sets;
mod span;
mod standing;
mod taken;
mod view;
mod who;
mod write;

use chrono::{DateTime, Utc};
use domain::campaign::{CampaignStatus, RewardType};
use domain::claim::{ClaimStatus, DenialReason};
use uuid::Uuid;

pub use attention::{Attention, EventOfItem, Item, Kind, MOST_ITEMS, RewardOfItem, Severity};
pub use burn_down::{StockAnalytics, StockBucket};
pub use calendar::{Bucket, MAX_BUCKETS, Timeline};
pub use daily::{Daily, Day};
pub use fold::Dashboard;
pub use running::{MOST_RUNNING, Running, RunningEvent, RunningReward};
pub use view::View;
pub(crate) use who::members_at;

/// The position that an answer is as of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Up to here the log is folded in.
    pub position: i64,
    /// When the event at that position was recorded; 1970 before the first.
    pub recorded_at: DateTime<Utc>,
}

/// The programme in one answer.
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
}

/// Campaigns over time.
#[derive(Debug, Clone, PartialEq)]
pub struct EventAnalytics {
    /// Campaigns by where they stand; every status is there.
    pub statuses: Vec<(CampaignStatus, i64)>,
    /// What each campaign hands out, the newest campaign first.
    pub rewards: Vec<CampaignRewards>,
    /// The buckets of the window.
    pub timeline: Vec<CampaignBucket>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// What one campaign hands out, all its rewards together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignRewards {
    /// Which campaign.
    pub campaign_id: Uuid,
    /// What it is called.
    pub name: String,
    /// How many rewards it has.
    pub rewards: i64,
    /// Grants that stand.
    pub granted: i64,
    /// Grants that wait for an operator.
    pub held: i64,
    /// Grants that are left; `None` where one of its rewards has no limit.
    pub remaining: Option<i64>,
}

/// What campaigns did in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignBucket {
    /// Where the bucket starts.
    pub bucket: DateTime<Utc>,
    /// Campaigns that became active.
    pub started: i64,
    /// Campaigns that ended, by the clock or by an operator.
    pub ended: i64,
    /// Grants that were made.
    pub granted: i64,
}

/// Rewards and claims over time.
#[derive(Debug, Clone, PartialEq)]
pub struct RewardAnalytics {
    /// Every type of reward.
    pub types: Vec<TypeOfReward>,
    /// Claims of all time by current status; every status is there.
    pub claims: Vec<(ClaimStatus, i64)>,
    /// Attempts that were refused in the window, by reason; every reason is there.
    pub denial_reasons: Vec<(DenialReason, i64)>,
    /// The buckets of the window.
    pub timeline: Vec<AskedBucket>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// The rewards of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeOfReward {
    /// The type.
    pub reward_type: RewardType,
    /// How many rewards are of it.
    pub rewards: i64,
    /// Grants that stand.
    pub granted: i64,
    /// What those grants hand out together.
    pub amount: i64,
}

/// What came of claims in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedBucket {
    /// Where the bucket starts.
    pub bucket: DateTime<Utc>,
    /// Grants that were made, at once or by an operator.
    pub granted: i64,
    /// Attempts that were refused.
    pub denied: i64,
    /// Claims that began to wait for an operator.
    pub pending: i64,
}

/// Members over time.
#[derive(Debug, Clone, PartialEq)]
pub struct UserAnalytics {
    /// Members with a claim of any status ÷ members; 0 for none.
    pub participation_rate: f64,
    /// Members with a fact that occurred in the window.
    pub active: i64,
    /// Members who registered in the window.
    pub new: i64,
    /// The buckets of the window.
    pub timeline: Vec<MemberBucket>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// What members did in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberBucket {
    /// Where the bucket starts.
    pub bucket: DateTime<Utc>,
    /// Members with a fact that occurred in it.
    pub active: i64,
    /// Members who registered in it.
    pub new: i64,
    /// Members who asked for a reward in it, whatever came of it.
    pub claimants: i64,
}
