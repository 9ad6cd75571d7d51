//! The requests of the event's page to the API, and the parts of the answers that it reads.

use chrono::{DateTime, TimeDelta, Utc};
use domain::Moment;
use domain::condition::Condition;
use serde::Deserialize;

use super::Frame;
use crate::pages::budgets::left::{Standing, standing};
use crate::pages::budgets::rows::Budget;
use crate::pages::client::Refused;
use crate::pages::moment::Stamp;
use crate::pages::stock::Forecast;

/// The most rewards whose stock is requested.
const MOST_REWARDS: usize = 12;

/// The event as it is now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct Event {
    pub(in crate::pages) id: String,
    pub(in crate::pages) name: String,
    pub(in crate::pages) description: Option<String>,
    pub(in crate::pages) start_date: Moment,
    pub(in crate::pages) end_date: Moment,
    pub(in crate::pages) condition: serde_json::Value,
    pub(in crate::pages) condition_version: i64,
    pub(in crate::pages) frequency: String,
    pub(in crate::pages) time_zone: String,
    pub(in crate::pages) approval: String,
    pub(in crate::pages) max_reward_count: Option<i64>,
    pub(in crate::pages) per_member_limit: Option<i64>,
    pub(in crate::pages) pending_expires_after: String,
    pub(in crate::pages) status: String,
    #[serde(default)]
    pub(in crate::pages) budgets: Vec<Budget>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Analytics {
    pub(super) timeline: Vec<Bucket>,
    pub(super) denial_reasons: Vec<Reason>,
    pub(super) condition_versions: Vec<Version>,
    #[serde(default)]
    pub(super) granted: i64,
    #[serde(default)]
    pub(super) held: i64,
    pub(super) members: Members,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Bucket {
    pub(super) bucket: Moment,
    pub(super) granted: i64,
    pub(super) denied: i64,
    #[serde(default)]
    pub(super) pending: i64,
    #[serde(default)]
    pub(super) rejected: i64,
    #[serde(default)]
    pub(super) expired: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reason {
    pub(super) reason: String,
    pub(super) count: i64,
}

/// How one version of the condition has decided.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Version {
    pub(super) version: i64,
    pub(super) position: i64,
    pub(super) since: Moment,
    pub(super) condition: Condition,
    pub(super) attempts: i64,
    pub(super) met: i64,
    #[serde(default)]
    pub(super) refused: i64,
    pub(super) leaves: Vec<LeafMet>,
    pub(super) missing: Vec<Missing>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct LeafMet {
    pub(super) path: String,
    pub(super) met: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Missing {
    pub(super) paths: Vec<String>,
    pub(super) count: i64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Members {
    pub(super) total: i64,
    pub(super) claimed: i64,
    pub(super) granted: i64,
}

#[derive(Deserialize)]
struct Rewards {
    rewards: Vec<Reward>,
}

/// A reward as it is now.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct Reward {
    pub(in crate::pages) id: String,
    pub(in crate::pages) name: String,
    #[serde(rename = "type")]
    pub(in crate::pages) reward_type: String,
    pub(in crate::pages) amount: i64,
    pub(in crate::pages) per_member_limit: Option<i64>,
}

/// Its remaining stock, as of the moment that is shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct StockAnalytics {
    pub(in crate::pages) quantity: Option<i64>,
    pub(in crate::pages) remaining: Option<i64>,
    pub(in crate::pages) held: i64,
    pub(in crate::pages) granted: i64,
    pub(in crate::pages) burn_down: Vec<Left>,
    pub(in crate::pages) forecast: Option<Forecast>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(in crate::pages) struct Left {
    pub(in crate::pages) bucket: Moment,
    pub(in crate::pages) remaining: Option<i64>,
    #[serde(default)]
    pub(in crate::pages) taken: i64,
}

pub(super) struct RewardStock {
    pub(super) reward: Reward,
    pub(super) analytics: Result<StockAnalytics, Refused>,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    marks: Vec<Mark>,
}

/// Something that happened to an event.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mark {
    pub(super) at: Moment,
    pub(super) position: i64,
    pub(super) kind: String,
    pub(super) event_id: String,
}

/// All answers.
pub(super) struct Asked {
    pub(super) analytics: Result<Analytics, Refused>,
    /// As of the moment of comparison; `None` if the event did not exist then.
    pub(super) then: Option<Analytics>,
    pub(super) rewards: Result<Vec<RewardStock>, Refused>,
    pub(super) marks: Vec<Mark>,
    /// What budgets leave; not asked for where the event has none.
    pub(super) budgets: Option<Result<Vec<Standing>, Refused>>,
}

impl Asked {
    pub(super) async fn of(frame: &Frame<'_>) -> Self {
        let then = async {
            let versus = frame.versus?;
            frame.analytics(versus, &versus.position.to_string()).await.ok()
        };
        let now = frame.analytics(frame.now, &frame.at);
        let budgets = async {
            // it may have had others then
            let any = frame.is_then || !frame.event.budgets.is_empty();
            if any { Some(standing(frame.visit, &frame.at).await) } else { None }
        };
        let (analytics, then, rewards, marks, budgets) =
            tokio::join!(now, then, frame.rewards(), frame.marks(), budgets);
        Self { analytics, then, rewards, marks, budgets }
    }

    /// The reward that sells out first, or else the one with the smallest share left.
    pub(super) fn scarcest(&self) -> Option<&RewardStock> {
        let limited = |stock: &&RewardStock| stock.analytics.as_ref().is_ok_and(|one| one.quantity.is_some());
        self.rewards.as_ref().ok()?.iter().filter(limited).min_by_key(|stock| {
            let Ok(one) = &stock.analytics else { return (true, true, None, i64::MAX) };
            let gone = one.forecast.as_ref().and_then(Forecast::sold_out_in_time);
            let left = one.remaining.unwrap_or_default().saturating_mul(1_000) / one.quantity.unwrap_or(1).max(1);
            (one.remaining != Some(0), gone.is_none(), gone, left)
        })
    }
}

impl Frame<'_> {
    /// The beginning of the period shown: the start of the event, or whatever happened before it.
    pub(super) fn from(&self, until: Stamp) -> DateTime<Utc> {
        self.event.start_date.utc().min(until.recorded_at.utc())
    }

    /// The end of the period shown: the end of the event, or the moment that is shown.
    fn until(&self, until: Stamp) -> DateTime<Utc> {
        let end = self.event.end_date.utc().max(self.event.start_date.utc());
        (until.recorded_at.utc() + TimeDelta::milliseconds(1)).min(end).max(self.from(until))
    }

    /// The shortest bucket of which a chart has no more than 36: `hour`, `day`, `week` or `month`. Each costs a page close
    /// to a kilobyte.
    pub(super) fn bucket(&self) -> &'static str {
        match (self.until(self.now) - self.from(self.now)).num_hours() {
            ..=35 => "hour",
            36..864 => "day",
            864..6_048 => "week",
            _ => "month",
        }
    }

    async fn windowed<T: serde::de::DeserializeOwned>(&self, path: &str, of: Stamp, at: &str) -> Result<T, Refused> {
        let (from, to) = (Moment::from(self.from(of)).to_string(), Moment::from(self.until(of)).to_string());
        let zone = self.visit.text.zone_name();
        let query =
            [("from", from.as_str()), ("to", &to), ("bucket", self.bucket()), ("timeZone", zone), ("atPosition", at)];
        self.visit.api.get(path, &query).await
    }

    async fn analytics(&self, of: Stamp, at: &str) -> Result<Analytics, Refused> {
        self.windowed(&format!("/dashboard/event-analytics/{}", self.event.id), of, at).await
    }

    /// The remaining stock of a reward.
    pub(in crate::pages) async fn stock(&self, reward: &str) -> Result<StockAnalytics, Refused> {
        self.windowed(&format!("/dashboard/reward-analytics/{reward}"), self.now, &self.at).await
    }

    async fn rewards(&self) -> Result<Vec<RewardStock>, Refused> {
        let list: Rewards = self.visit.api.get(&format!("/events/{}/rewards", self.event.id), &[]).await?;
        let mut stocks = vec![];
        for reward in list.rewards.into_iter().take(MOST_REWARDS) {
            let analytics = self.stock(&reward.id).await;
            // the reward was added later
            if !(self.is_then && analytics.as_ref().is_err_and(|refused: &Refused| refused.status == 404)) {
                stocks.push(RewardStock { reward, analytics });
            }
        }
        Ok(stocks)
    }

    /// What happened to the event; empty if it cannot be read now.
    async fn marks(&self) -> Vec<Mark> {
        let (from, to) =
            (Moment::from(self.from(self.now)).to_string(), Moment::from(self.until(self.now)).to_string());
        let query = [("from", from.as_str()), ("to", &to), ("bucket", "month"), ("atPosition", self.at.as_str())];
        let log: Result<Log, _> = self.visit.api.get("/dashboard/log-analytics", &query).await;
        let marks = log.map(|log| log.marks).unwrap_or_default();
        marks.into_iter().filter(|mark| mark.event_id == self.event.id && mark.kind != "rule").collect()
    }
}
