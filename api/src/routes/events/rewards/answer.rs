//! A reward as it is shown: made from the aggregate after a command, or from the row of the read model.

use domain::Moment;
use domain::campaign::{Cost, RewardExpiry, RewardTerms, RewardType, RewardValue};
use domain::claim::Price;
use domain::id::{CampaignId, RewardId};
use domain::quantity::{Amount, DelayDays, GrantLimit, StockUnits};
use domain::value::{Currency, UnitCode};
use projections::read_models::campaign_catalogue::RewardRow;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::codes::CodesBody;
use crate::app::i18n::Said;

/// One reward, and what is said about it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneReward {
    pub(super) message: Said,
    pub(super) reward: RewardBody,
}

/// A part of a list of rewards.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RewardsPage")]
pub(super) struct Rewards {
    pub(super) message: Said,
    pub(super) rewards: Vec<RewardBody>,
    pub(super) next_cursor: Option<String>,
}

/// One reward.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RewardBody {
    #[schemars(with = "Uuid")]
    id: String,
    #[schemars(with = "Uuid")]
    event_id: String,
    name: String,
    description: Option<String>,
    #[serde(rename = "type")]
    #[schemars(with = "RewardType")]
    reward_type: String,
    amount: i64,
    quantity: Option<i64>,
    remaining: Option<i64>,
    held: i64,
    granted: i64,
    per_member_limit: Option<i64>,
    is_limited: bool,
    #[serde(flatten)]
    value: ValueBody,
    #[serde(flatten)]
    codes: CodesBody,
    created_at: Option<Moment>,
}

/// What a claim of a reward moves beside stock.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ValueOfReward")]
struct ValueBody {
    /// What points are credited in; null for what is no points.
    unit: Option<UnitCode>,
    /// When what is given is over, as it is sent; null is as the unit has it.
    // generated clients cannot read null where a choice of several types is expected
    #[schemars(with = "Value")]
    expiry: Option<RewardExpiry>,
    /// After how many days points can be used; null is as the unit has it.
    available_after_days: Option<DelayDays>,
    /// What a claim costs the member; null is nothing.
    price: Option<Price>,
    /// What a grant costs the programme; null is not known.
    cost: Option<CostBody>,
}

/// What a grant costs the programme.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CostOfReward")]
struct CostBody {
    currency: Currency,
    amount: Amount,
}

impl ValueBody {
    fn of(is_points: bool, value: Option<&RewardValue>) -> Self {
        let value = value.cloned().unwrap_or_default();
        Self {
            unit: is_points.then(|| value.unit.unwrap_or_else(UnitCode::points)),
            expiry: value.expiry,
            available_after_days: value.available_after_days,
            price: value.price,
            cost: value.cost.map(|Cost { currency, amount }| CostBody { currency, amount }),
        }
    }
}

impl RewardBody {
    /// The reward after a command.
    pub(super) fn of(
        (event, id): (CampaignId, RewardId),
        terms: &RewardTerms,
        (quantity, held, granted): (Option<i64>, i64, i64),
        created_at: Option<Moment>,
    ) -> Self {
        // of codes there are as many as were added
        let quantity = terms.quantity.map(StockUnits::get).or(quantity).or(terms.first_stock().map(StockUnits::get));
        let per_member_limit = terms.per_member_limit.map(GrantLimit::get);
        Self {
            id: id.to_string(),
            event_id: event.to_string(),
            name: terms.name.clone(),
            description: terms.description.clone(),
            reward_type: terms.reward_type.name().to_owned(),
            amount: terms.amount.get(),
            quantity,
            remaining: quantity.map(|quantity| quantity - held - granted),
            held,
            granted,
            per_member_limit,
            is_limited: per_member_limit == Some(1),
            value: ValueBody::of(terms.reward_type == RewardType::Point, terms.value.as_deref()),
            codes: CodesBody::of(terms.value.as_deref()),
            created_at,
        }
    }
}

impl From<RewardRow> for RewardBody {
    fn from(row: RewardRow) -> Self {
        Self {
            remaining: row.remaining(),
            value: ValueBody::of(row.reward_type == RewardType::Point.name(), row.value.as_deref()),
            codes: CodesBody::of(row.value.as_deref()),
            id: row.reward_id.to_string(),
            event_id: row.campaign_id.to_string(),
            name: row.name,
            description: row.description,
            reward_type: row.reward_type,
            amount: row.amount,
            quantity: row.quantity,
            held: row.held,
            granted: row.granted,
            per_member_limit: row.per_member_limit,
            is_limited: row.per_member_limit == Some(1),
            created_at: Some(Moment::from(row.created_at)),
        }
    }
}
