//! The API's answers, as far as a member's pages read them.

use chrono::NaiveDate;
use domain::Moment;
use domain::condition::{Condition, LeafEvidence};
use domain::value::UnitCode;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::pages::form;
use crate::pages::text::Text;
use crate::pages::value::{Amount, Credit, Price};

/// One page of the running events.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Events {
    pub(super) events: Vec<EventLine>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventLine {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) end_date: Moment,
    pub(super) condition: Condition,
    pub(super) frequency: String,
    pub(super) approval: String,
    pub(super) max_reward_count: Option<i64>,
}

impl EventLine {
    /// A name of its own for a new claim, where members claim as often as they pay.
    pub(super) fn reference(&self) -> Option<String> {
        (self.frequency == "each").then(form::new_key)
    }
}

/// The member's progress in an event.
#[derive(Debug, Deserialize)]
pub(super) struct Progress {
    pub(super) eligible: bool,
    pub(super) evidence: Vec<LeafEvidence>,
    pub(super) rewards: Vec<RewardProgress>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RewardProgress {
    pub(super) id: String,
    pub(super) remaining: Option<i64>,
    pub(super) limit_reached: bool,
    pub(super) claim_status: Option<String>,
    pub(super) next_period_starts_at: Option<Moment>,
    #[serde(default)]
    pub(super) price: Option<Price>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Rewards {
    pub(super) rewards: Vec<RewardLine>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RewardLine {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) gain: Gain,
    pub(super) quantity: Option<i64>,
    pub(super) price: Option<Amount>,
}

/// What a member gets.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Gain {
    pub(super) name: Option<String>,
    #[serde(rename = "type")]
    pub(super) reward_type: String,
    pub(super) amount: i64,
    /// What points are of; left out where a claim tells of its reward.
    #[serde(default)]
    pub(super) unit: Option<String>,
}

impl Gain {
    /// `1,000 points`, `Coffee`, `2 × Coffee`.
    pub(super) fn say(&self, text: Text) -> String {
        let name = self.name.clone().unwrap_or_default();
        match (self.reward_type.as_str(), self.amount) {
            ("POINT", amount) => {
                let unit = self.unit.clone().unwrap_or_else(|| UnitCode::POINTS.to_owned());
                Amount { unit, amount }.say(text)
            }
            (_, 1) => name,
            (_, amount) => format!("{} × {name}", text.number(amount)),
        }
    }
}

/// One page of the member's claims, newest first.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claims {
    pub(super) claims: Vec<ClaimLine>,
    pub(super) next_cursor: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClaimLine {
    pub(super) id: String,
    pub(super) event_id: String,
    pub(super) reward_id: String,
    pub(super) reward: Gain,
    pub(super) event: Named,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) credit: Option<Credit>,
    pub(super) paid: Option<Amount>,
    pub(super) coupon: Option<IgnoredAny>,
    pub(super) updated_at: Moment,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) name: Option<String>,
}

/// The explanation of a claim's status.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explanation {
    pub(super) condition: Condition,
    pub(super) leaves: Vec<LeafEvidence>,
    pub(super) local_date: NaiveDate,
    pub(super) evaluated_at: Moment,
    /// The price, where the member had too little.
    pub(super) price: Option<Price>,
    pub(super) waits_until: Option<Moment>,
    pub(super) steps: Vec<StepLine>,
}

#[derive(Debug, Deserialize)]
pub(super) struct StepLine {
    pub(super) step: String,
    pub(super) at: Moment,
    pub(super) note: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Streak {
    pub(super) kind: String,
    pub(super) today: NaiveDate,
    pub(super) current: u32,
    pub(super) longest: u32,
    pub(super) last_on: Option<NaiveDate>,
    pub(super) at_risk_until: Option<Moment>,
}

/// The days with an activity.
#[derive(Debug, Deserialize)]
pub(super) struct Days {
    pub(super) from: NaiveDate,
    pub(super) today: NaiveDate,
    pub(super) days: Vec<Day>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) activities: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Me {
    pub(super) user: User,
}

/// The member's account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) email: Option<String>,
    pub(super) nickname: Option<String>,
    pub(super) bio: Option<String>,
    pub(super) profile_image_url: Option<String>,
    pub(super) birth_date: Option<NaiveDate>,
    pub(super) time_zone: String,
    pub(super) invite_code: Option<String>,
    pub(super) profile_complete: bool,
    pub(super) blocked: bool,
    pub(super) created_at: Moment,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Referrals {
    pub(super) referrals: Vec<ReferralLine>,
    pub(super) next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReferralLine {
    pub(super) status: String,
    pub(super) created_at: Moment,
    pub(super) qualified_at: Option<Moment>,
}
