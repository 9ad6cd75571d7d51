//! The requests of the overview to the API, sent together, and the parts of the answers that it reads.

use chrono::{Days as Further, NaiveDate};
use domain::Moment;
use domain::condition::Condition;
use domain::zone::first_moment;
use serde::Deserialize;

use super::Moments;
use crate::pages::budgets::left::{Standing, standing};
use crate::pages::client::Refused;
use crate::pages::moment::Stamp;
use crate::pages::stock::Forecast;

/// How many days a sparkline spans.
pub(super) const DAYS: &str = "14";
/// How many of the newest claims are shown.
const LATEST: &str = "6";

/// All answers. If one fails, only its part of the page is missing.
pub(super) struct Asked {
    pub(super) days: Result<Figures, Refused>,
    pub(super) hours: Result<Hours, Refused>,
    pub(super) attention: Result<Attention, Refused>,
    pub(super) running: Result<Running, Refused>,
    pub(super) budgets: Result<Vec<Standing>, Refused>,
    pub(super) summary: Result<Summary, Refused>,
}

/// The last days, and the day of comparison.
pub(super) struct Figures {
    pub(super) days: Vec<Day>,
    pub(super) today: Day,
    pub(super) then: Option<Day>,
    /// When the next waiting claim expires, for readers who decide claims.
    pub(super) expires_at: Option<Moment>,
}

#[derive(Deserialize)]
struct Daily {
    days: Vec<Day>,
}

/// A day, up to the time of day that is shown.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) granted: i64,
    pub(super) attempts: i64,
    pub(super) active: i64,
    pub(super) members: i64,
    pub(super) participants: i64,
    pub(super) pending: i64,
}

/// The hours of the day that is shown, and of the day of comparison.
pub(super) struct Hours {
    pub(super) today: HoursOfDay,
    /// The whole day of comparison.
    pub(super) then: Option<HoursOfDay>,
    /// The day of comparison, up to the same time of day.
    pub(super) until_then: Option<HoursOfDay>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HoursOfDay {
    pub(super) timeline: Vec<Hour>,
    pub(super) denial_reasons: Vec<Reason>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Hour {
    pub(super) bucket: Moment,
    pub(super) granted: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reason {
    pub(super) reason: String,
    pub(super) count: i64,
}

#[derive(Deserialize)]
pub(super) struct Attention {
    pub(super) items: Vec<Item>,
}

/// Something that needs attention.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) kind: String,
    pub(super) severity: String,
    pub(super) count: Option<i64>,
    pub(super) at: Option<Moment>,
    pub(super) event_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) end_date: Option<Moment>,
    pub(super) reward_name: Option<String>,
    pub(super) quantity: Option<i64>,
    pub(super) remaining: Option<i64>,
    pub(super) forecast: Option<Forecast>,
}

impl Attention {
    /// How many rewards sell out before the end of the day that is shown.
    pub(super) fn sold_out_today(&self, moments: &Moments<'_>) -> usize {
        let text = moments.visit.text;
        let today = text.day_of(moments.now.recorded_at);
        let ends = |item: &&Item| item.kind == "sold_out_soon" && item.at.is_some_and(|at| text.day_of(at) == today);
        self.items.iter().filter(ends).count()
    }
}

#[derive(Deserialize)]
pub(super) struct Running {
    pub(super) events: Vec<RunningEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunningEvent {
    pub(super) event_id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) end_date: Moment,
    pub(super) condition: Condition,
    pub(super) frequency: String,
    pub(super) granted_today: i64,
    pub(super) granted_by_day: Vec<i64>,
    pub(super) rewards: Vec<RunningReward>,
}

#[derive(Deserialize)]
pub(super) struct RunningReward {
    pub(super) name: String,
    pub(super) quantity: Option<i64>,
    pub(super) remaining: Option<i64>,
    pub(super) forecast: Option<Forecast>,
}

/// The key figures since the beginning of the log.
#[derive(Deserialize)]
pub(super) struct Summary {
    pub(super) events: Events,
    pub(super) claims: std::collections::BTreeMap<String, i64>,
}

#[derive(Deserialize)]
pub(super) struct Events {
    scheduled: i64,
    active: i64,
    paused: i64,
    ended: i64,
}

impl Events {
    pub(super) fn all(&self) -> i64 {
        self.scheduled + self.active + self.paused + self.ended
    }
}

#[derive(Deserialize)]
pub(super) struct Latest {
    pub(super) claims: Vec<Claim>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claim {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) event: Named,
    pub(super) reward: Named,
    pub(super) updated_at: Moment,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
struct Queue {
    claims: Vec<Expiring>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expiring {
    expires_at: Moment,
}

impl Asked {
    pub(super) async fn of(moments: &Moments<'_>) -> Self {
        let (days, hours, attention, running, budgets, summary) = tokio::join!(
            moments.daily(),
            moments.hours(),
            moments.ask("/dashboard/attention", &moments.at, &[]),
            moments.running(),
            standing(moments.visit, &moments.at),
            moments.ask_without_zone("/dashboard"),
        );
        Self { days, hours, attention, running, budgets, summary }
    }
}

impl Moments<'_> {
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        at: &str,
        more: &[(&str, &str)],
    ) -> Result<T, Refused> {
        let zone = self.visit.text.zone_name();
        let query = [&[("atPosition", at), ("timeZone", zone)], more].concat();
        self.visit.api.get(path, &query).await
    }

    async fn ask_without_zone<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        self.visit.api.get(path, &[("atPosition", &self.at)]).await
    }

    pub(super) async fn daily(&self) -> Result<Figures, Refused> {
        let then = async {
            let versus = self.versus?.position.to_string();
            let then: Result<Daily, _> = self.ask("/dashboard/daily", &versus, &[("days", "1")]).await;
            then.ok()?.days.pop()
        };
        let now = self.ask::<Daily>("/dashboard/daily", &self.at, &[("days", DAYS)]);
        let (now, then, expires_at) = tokio::join!(now, then, self.next_to_expire());
        let days = now?.days;
        let nothing = Day {
            date: self.visit.text.day_of(self.now.recorded_at),
            granted: 0,
            attempts: 0,
            active: 0,
            members: 0,
            participants: 0,
            pending: 0,
        };
        Ok(Figures { today: days.last().copied().unwrap_or(nothing), days, then, expires_at })
    }

    /// `None` as of an earlier moment, and for readers who do not decide claims.
    async fn next_to_expire(&self) -> Option<Moment> {
        if self.is_then || !self.visit.is_one_of(crate::pages::visit::OPERATORS) {
            return None;
        }
        let first: Queue = self.visit.api.get("/reward-requests/queue", &[("limit", "1")]).await.ok()?;
        first.claims.first().map(|claim| claim.expires_at)
    }

    pub(super) async fn hours(&self) -> Result<Hours, Refused> {
        let then = async {
            let versus = self.versus?;
            if self.visit.text.day_of(versus.recorded_at) == self.visit.text.day_of(self.now.recorded_at) {
                return None;
            }
            let until = versus.position.to_string();
            let (whole, until_then) = tokio::join!(self.day(versus, &self.at), self.day(versus, &until));
            Some((whole.ok()?, until_then.ok()?))
        };
        let (today, then) = tokio::join!(self.day(self.now, &self.at), then);
        let (then, until_then) = then.unzip();
        Ok(Hours { today: today?, then, until_then })
    }

    /// Reads a whole day by the hour.
    async fn day(&self, of: Stamp, at: &str) -> Result<HoursOfDay, Refused> {
        let text = self.visit.text;
        let date = text.day_of(of.recorded_at);
        let from = first_moment(date, text.zone).to_string();
        let next = date.checked_add_days(Further::new(1)).unwrap_or(date);
        let to = first_moment(next, text.zone).to_string();
        self.ask("/dashboard/reward-analytics", at, &[("from", &from), ("to", &to), ("bucket", "hour")]).await
    }

    pub(super) async fn running(&self) -> Result<Running, Refused> {
        self.ask("/dashboard/running-events", &self.at, &[]).await
    }

    pub(super) async fn latest(&self) -> Result<Latest, Refused> {
        self.visit.api.get("/claims", &[("limit", LATEST)]).await
    }
}
