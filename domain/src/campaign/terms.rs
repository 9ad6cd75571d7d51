//! What an operator fixes about a campaign and its rewards.

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::value::RewardValue;
use crate::budget::Budget;
use crate::condition::Condition;
use crate::moment::Moment;
use crate::period::Frequency;
use crate::quantity::{Amount, GrantLimit, StockUnits};
use crate::zone::{Tz, local_date};

/// The terms of a campaign, apart from its condition, which is versioned by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignTerms {
    /// Unique among campaigns, without regard to case.
    pub name: String,
    /// What members read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Active from this moment on …
    pub starts_at: Moment,
    /// … and before this one.
    pub ends_at: Moment,
    /// How often one member may claim one reward.
    pub frequency: Frequency,
    /// Decides periods and the date on which the campaign starts.
    #[schemars(with = "String")]
    pub time_zone: Tz,
    /// Who decides a claim whose condition is met.
    pub approval: Approval,
    /// The most grants of all its rewards together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_reward_count: Option<GrantLimit>,
    /// The most grants to one member over all its rewards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_member_limit: Option<GrantLimit>,
    /// How long a pending claim waits for a decision.
    pub pending_expires_after: PendingExpiry,
    /// How much its rewards may give in a period, of units and of money.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Budget>,
}

impl CampaignTerms {
    /// Whether they say anything about value: what budgets there are, or that every claim pays.
    pub(super) fn has_value(&self) -> bool {
        !self.budgets.is_empty() || self.frequency == Frequency::Each
    }

    /// The date on which the campaign starts, in its own zone.
    #[must_use]
    pub fn starts_on(&self) -> NaiveDate {
        local_date(self.time_zone, self.starts_at)
    }

    /// The zone whose calendar names the periods: the campaign's, but a member's own where the condition asks for a
    /// day of the member's year.
    #[must_use]
    pub fn zone_of_periods(&self, condition: &Condition, of_member: Tz) -> Tz {
        if condition.is_of_a_day() { of_member } else { self.time_zone }
    }

    /// When the period after the one of `at` begins in the zone of the periods; none for `once`, nor where the
    /// campaign is over by then.
    #[must_use]
    pub fn next_period_starts_at(&self, at: Moment, zone: Tz) -> Option<Moment> {
        self.frequency.next_starts_at(at, zone).filter(|next| *next < self.ends_at)
    }
}

/// Who decides a claim whose condition is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// The condition alone: granted at once.
    #[default]
    Automatic,
    /// An operator: pending until then.
    Manual,
}

/// How long a pending claim waits: a whole number of seconds, minutes, hours or days; text such as
/// `72h`, which comes back as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PendingExpiry {
    count: u32,
    unit: ExpiryUnit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExpiryUnit {
    Seconds,
    Minutes,
    Hours,
    Days,
}

/// The text is not a waiting time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of s, m, h or d, from 1s to 365d, such as 72h")]
pub struct NotAPendingExpiry;

impl ExpiryUnit {
    const ALL: [Self; 4] = [Self::Seconds, Self::Minutes, Self::Hours, Self::Days];

    fn suffix(self) -> char {
        match self {
            Self::Seconds => 's',
            Self::Minutes => 'm',
            Self::Hours => 'h',
            Self::Days => 'd',
        }
    }

    fn seconds(self) -> u32 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3_600,
            Self::Days => 86_400,
        }
    }
}

impl PendingExpiry {
    /// A year.
    const MAX_SECONDS: u32 = 365 * 86_400;

    pub(crate) fn minutes(count: u32) -> Self {
        Self { count, unit: ExpiryUnit::Minutes }
    }

    /// The waiting time.
    #[must_use]
    pub fn duration(self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(i64::from(self.count) * i64::from(self.unit.seconds()))
    }
}

impl Default for PendingExpiry {
    fn default() -> Self {
        Self { count: 72, unit: ExpiryUnit::Hours }
    }
}

impl TryFrom<String> for PendingExpiry {
    type Error = NotAPendingExpiry;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let unit = ExpiryUnit::ALL.into_iter().find(|unit| text.ends_with(unit.suffix())).ok_or(NotAPendingExpiry)?;
        let digits = text.trim_end_matches(unit.suffix());
        let plain = digits.len() + 1 == text.len()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        let count: u32 = digits.parse().ok().filter(|_| plain).ok_or(NotAPendingExpiry)?;
        match count.checked_mul(unit.seconds()) {
            Some(1..=Self::MAX_SECONDS) => Ok(Self { count, unit }),
            Some(_) | None => Err(NotAPendingExpiry),
        }
    }
}

impl JsonSchema for PendingExpiry {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PendingExpiry".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[1-9][0-9]*[smhd]$"})
    }
}

impl From<PendingExpiry> for String {
    fn from(expiry: PendingExpiry) -> Self {
        format!("{}{}", expiry.count, expiry.unit.suffix())
    }
}

/// Where a campaign stands at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CampaignStatus {
    /// It has not started.
    Scheduled,
    /// Members can claim.
    Active,
    /// An operator stopped it for a while.
    Paused,
    /// It is over, by the clock or by an operator.
    Ended,
}

impl CampaignStatus {
    /// All of them, in the order of a campaign's life.
    pub const ALL: [Self; 4] = [Self::Scheduled, Self::Active, Self::Paused, Self::Ended];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Ended => "ended",
        }
    }
}

/// What one reward hands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewardTerms {
    /// What members call it.
    pub name: String,
    /// What members read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What kind of value it is.
    #[serde(rename = "rewardType")]
    pub reward_type: RewardType,
    /// How much of it one grant hands out.
    pub amount: Amount,
    /// How many grants there are; `None` is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<StockUnits>,
    /// The most grants to one member over all periods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_member_limit: Option<GrantLimit>,
    /// What a claim moves beside stock, where it is not left to the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RewardValue>>,
}

/// What kind of value a reward is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum RewardType {
    /// Points.
    #[default]
    Point,
    /// Things.
    Item,
    /// Coupons.
    Coupon,
}

impl RewardType {
    /// All of them, in the order the API shows.
    pub const ALL: [Self; 3] = [Self::Point, Self::Item, Self::Coupon];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Point => "POINT",
            Self::Item => "ITEM",
            Self::Coupon => "COUPON",
        }
    }
}
