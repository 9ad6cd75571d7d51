//! Numbers by status, type and reason, as the dashboard shows them: every one is always there.

use domain::campaign::{CampaignStatus, RewardType};
use domain::claim::{ClaimStatus, DenialReason as Reason};
use schemars::JsonSchema;
use serde::Serialize;

/// The number beside a label; 0 where there is none.
fn count<L: PartialEq>(counted: &[(L, i64)], label: L) -> i64 {
    counted.iter().find(|(one, _)| *one == label).map_or(0, |(_, count)| *count)
}

/// Events by where they stand.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventsByStatus")]
pub(super) struct Events {
    scheduled: i64,
    active: i64,
    paused: i64,
    ended: i64,
}

impl Events {
    pub(super) fn of(counted: &[(CampaignStatus, i64)]) -> Self {
        Self {
            scheduled: count(counted, CampaignStatus::Scheduled),
            active: count(counted, CampaignStatus::Active),
            paused: count(counted, CampaignStatus::Paused),
            ended: count(counted, CampaignStatus::Ended),
        }
    }
}

/// Rewards by type.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "RewardsByType")]
pub(super) struct Rewards {
    point: i64,
    item: i64,
    coupon: i64,
}

impl Rewards {
    pub(super) fn of(counted: &[(RewardType, i64)]) -> Self {
        Self {
            point: count(counted, RewardType::Point),
            item: count(counted, RewardType::Item),
            coupon: count(counted, RewardType::Coupon),
        }
    }
}

/// Claims by current status.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ClaimsByStatus")]
pub(super) struct Claims {
    pending: i64,
    granted: i64,
    fulfilled: i64,
    fulfilment_failed: i64,
    denied: i64,
    rejected: i64,
    expired: i64,
    reversed: i64,
}

impl Claims {
    pub(super) fn of(counted: &[(ClaimStatus, i64)]) -> Self {
        Self {
            pending: count(counted, ClaimStatus::Pending),
            granted: count(counted, ClaimStatus::Granted),
            fulfilled: count(counted, ClaimStatus::Fulfilled),
            fulfilment_failed: count(counted, ClaimStatus::FulfilmentFailed),
            denied: count(counted, ClaimStatus::Denied),
            rejected: count(counted, ClaimStatus::Rejected),
            expired: count(counted, ClaimStatus::Expired),
            reversed: count(counted, ClaimStatus::Reversed),
        }
    }
}

/// How many events stand where.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StatusOfEvents {
    /// `scheduled`, `active`, `paused` or `ended`.
    status: &'static str,
    count: i64,
}

impl StatusOfEvents {
    pub(super) fn all(counted: &[(CampaignStatus, i64)]) -> Vec<Self> {
        counted.iter().map(|(status, count)| Self { status: status.name(), count: *count }).collect()
    }
}

/// How many claims stand where.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct StatusOfClaims {
    /// `pending`, `granted`, `fulfilled`, `fulfilment_failed`, `denied`, `rejected`, `expired` or `reversed`.
    status: &'static str,
    count: i64,
}

impl StatusOfClaims {
    pub(super) fn all(counted: &[(ClaimStatus, i64)]) -> Vec<Self> {
        counted.iter().map(|(status, count)| Self { status: status.name(), count: *count }).collect()
    }
}

/// How many attempts were refused for one reason.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DenialReason {
    /// The code of the reason.
    reason: &'static str,
    count: i64,
}

impl DenialReason {
    pub(super) fn all(counted: &[(Reason, i64)]) -> Vec<Self> {
        counted.iter().map(|(reason, count)| Self { reason: reason.name(), count: *count }).collect()
    }
}
