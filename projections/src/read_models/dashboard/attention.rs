//! What needs an operator's attention: rewards that are or will soon be sold out, waiting claims, events that open or
//! end soon, and events without rewards. It is computed for the moment of the view.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::campaign::CampaignStatus;
use domain::claim::ClaimStatus;
use domain::forecast::Forecast;
use domain::id::RewardId;
use domain::zone::Tz;
use uuid::Uuid;

use super::AsOf;
use super::counts::{Counter, Grants};
use super::forecasts::Offered;
use super::offers::{CampaignRow, RewardRow};
use super::view::View;
use crate::engine::error::FoldError;

/// The most items shown.
pub const MOST_ITEMS: usize = 50;
/// A reward that sells out within this time is urgent …
const A_DAY: TimeDelta = TimeDelta::hours(24);
/// … and within this time a warning. Events that end within it are listed as well.
const THREE_DAYS: TimeDelta = TimeDelta::hours(72);
/// Events that open within this time are listed.
const TWO_WEEKS: TimeDelta = TimeDelta::days(14);

/// What needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attention {
    /// The most severe first, then the next to happen; at most [`MOST_ITEMS`].
    pub items: Vec<Item>,
    /// How many there are, shown or not.
    pub total: usize,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// An item that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The kind of an item.
    pub kind: Kind,
    /// Its severity.
    pub severity: Severity,
    /// The event that it is about, with its name, its start and its end.
    pub event: Option<EventOfItem>,
    /// The reward that it is about.
    pub reward: Option<RewardOfItem>,
    /// How many: claims that wait, or rewards of an event that opens.
    pub count: Option<i64>,
    /// When it happens.
    pub at: Option<DateTime<Utc>>,
}

/// The event of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an event")]
pub struct EventOfItem {
    pub campaign_id: Uuid,
    pub name: String,
    pub status: CampaignStatus,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}

/// The reward of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a reward")]
pub struct RewardOfItem {
    pub reward_id: Uuid,
    pub name: String,
    pub quantity: Option<i64>,
    pub remaining: Option<i64>,
    pub forecast: Option<Forecast>,
}

/// The kind of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A reward of an active event has nothing left.
    SoldOut,
    /// A reward of an active event will have nothing left before the event ends.
    SoldOutSoon,
    /// An event that runs hands out nothing.
    NoReward,
    /// Claims wait for an operator.
    ClaimsWaiting,
    /// An event ends soon.
    EndsSoon,
    /// An event opens soon.
    OpensSoon,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::SoldOut, Self::SoldOutSoon, Self::NoReward, Self::ClaimsWaiting, Self::EndsSoon, Self::OpensSoon];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SoldOut => "sold_out",
            Self::SoldOutSoon => "sold_out_soon",
            Self::NoReward => "no_reward",
            Self::ClaimsWaiting => "claims_waiting",
            Self::EndsSoon => "ends_soon",
            Self::OpensSoon => "opens_soon",
        }
    }
}

/// Its severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Members are refused, or will be within a day.
    Urgent,
    /// Somebody should act.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl View {
    /// What needs attention, with forecasts by the days of a time zone.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn attention(mut self, zone: Tz) -> Result<Attention, FoldError> {
        let (campaigns, rewards) = self.offers_that(|status| status != CampaignStatus::Ended).await?;
        let mut numbers: HashMap<Uuid, i64> = HashMap::new();
        for (reward, _) in &rewards {
            *numbers.entry(reward.campaign_id).or_default() += 1;
        }
        let number = |row: &CampaignRow| numbers.get(&row.campaign_id).copied().unwrap_or_default();
        let mut items: Vec<Item> = self.waiting().into_iter().collect();
        items.extend(campaigns.iter().flat_map(|row| of_campaign(row, number(row), self.clock)));
        items.extend(self.short_rewards(&campaigns, rewards, zone).await?);
        items.sort_by_key(|item| (item.severity, item.kind, item.at));
        let total = items.len();
        items.truncate(MOST_ITEMS);
        self.name_rewards(&mut items, &campaigns).await?;
        Ok(Attention { items, total, as_of: self.as_of })
    }

    fn waiting(&self) -> Option<Item> {
        let waiting = self.counts.get(Counter::Claims(ClaimStatus::Pending));
        let item = || Item { count: Some(waiting), ..Item::new(Kind::ClaimsWaiting, Severity::Warning, None) };
        (waiting > 0).then(item)
    }

    /// Rewards of active events that are sold out, or soon will be.
    async fn short_rewards(
        &mut self,
        campaigns: &[CampaignRow],
        mut rewards: Vec<(RewardRow, Grants)>,
        zone: Tz,
    ) -> Result<Vec<Item>, FoldError> {
        let active: HashMap<Uuid, &CampaignRow> = campaigns
            .iter()
            .filter(|row| row.status(self.clock) == CampaignStatus::Active)
            .map(|row| (row.campaign_id, row))
            .collect();
        rewards.retain(|(reward, _)| reward.quantity.is_some() && active.contains_key(&reward.campaign_id));
        let offered = self.offered(rewards, campaigns).await?;
        let forecasts = self.forecasts(&offered, zone).await?;
        let short = offered.iter().zip(forecasts).filter_map(|(one, forecast)| {
            let row = active.get(&one.reward.campaign_id)?;
            let (kind, severity, at) = shortage(one, forecast.as_ref(), self.clock)?;
            let reward = Some(RewardOfItem::of(one, forecast));
            Some(Item { reward, at, ..Item::new(kind, severity, Some(EventOfItem::of(row, self.clock))) })
        });
        Ok(short.collect())
    }

    /// Reads the names of the items' rewards.
    async fn name_rewards(&mut self, items: &mut [Item], campaigns: &[CampaignRow]) -> Result<(), FoldError> {
        let of_items = |row: &&CampaignRow| {
            let is_of = |item: &Item| {
                item.reward.is_some() && item.event.as_ref().is_some_and(|event| event.campaign_id == row.campaign_id)
            };
            items.iter().any(is_of)
        };
        let named: Vec<CampaignRow> = campaigns.iter().filter(of_items).cloned().collect();
        let terms = self.terms(&named).await?;
        for item in items {
            let (Some(event), Some(reward)) = (&item.event, &mut item.reward) else { continue };
            let known = terms.get(&event.campaign_id).and_then(|campaign| campaign.reward(RewardId(reward.reward_id)));
            reward.name = known.map(|terms| terms.name.clone()).unwrap_or_default();
        }
        Ok(())
    }
}

impl Item {
    fn new(kind: Kind, severity: Severity, event: Option<EventOfItem>) -> Self {
        Self { kind, severity, event, reward: None, count: None, at: None }
    }
}

impl EventOfItem {
    fn of(row: &CampaignRow, clock: DateTime<Utc>) -> Self {
        Self {
            campaign_id: row.campaign_id,
            name: row.name.clone(),
            status: row.status(clock),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
        }
    }
}

impl RewardOfItem {
    fn of(one: &Offered, forecast: Option<Forecast>) -> Self {
        Self {
            reward_id: one.reward.reward_id,
            name: String::new(),
            quantity: one.reward.quantity,
            remaining: one.remaining(),
            forecast,
        }
    }
}

/// Whether a reward of an active event is short, how severe that is, and when it sells out.
fn shortage(
    one: &Offered,
    forecast: Option<&Forecast>,
    clock: DateTime<Utc>,
) -> Option<(Kind, Severity, Option<DateTime<Utc>>)> {
    if one.remaining().is_some_and(|remaining| remaining <= 0) {
        return Some((Kind::SoldOut, Severity::Urgent, None));
    }
    let forecast = forecast.filter(|forecast| !forecast.after_end)?;
    let at = forecast.sold_out_at?.utc();
    let severity = match at - clock {
        left if left <= A_DAY => Severity::Urgent,
        left if left <= THREE_DAYS => Severity::Warning,
        _ => return None,
    };
    Some((Kind::SoldOutSoon, severity, Some(at)))
}

/// The items of an event that do not depend on the stock of its rewards.
fn of_campaign(row: &CampaignRow, rewards: i64, clock: DateTime<Utc>) -> Vec<Item> {
    let status = row.status(clock);
    let item = |kind, severity| Item::new(kind, severity, Some(EventOfItem::of(row, clock)));
    let mut items = Vec::new();
    match status {
        CampaignStatus::Scheduled if row.starts_at - clock <= TWO_WEEKS => {
            let is_late = rewards == 0 && row.starts_at - clock <= A_DAY;
            let severity = if is_late { Severity::Warning } else { Severity::Info };
            items.push(Item { count: Some(rewards), at: Some(row.starts_at), ..item(Kind::OpensSoon, severity) });
        }
        CampaignStatus::Active | CampaignStatus::Paused => {
            if rewards == 0 {
                items.push(item(Kind::NoReward, Severity::Warning));
            }
            if row.ends_at - clock <= THREE_DAYS {
                items.push(Item { at: Some(row.ends_at), ..item(Kind::EndsSoon, Severity::Info) });
            }
        }
        CampaignStatus::Scheduled | CampaignStatus::Ended => {}
    }
    items
}
