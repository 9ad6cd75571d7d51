//! An event as it is shown: made from the aggregate after a command, or from the row of the read model.

use commands::Receipt;
use domain::Moment;
use domain::campaign::{Approval, Campaign, CampaignStatus};
use domain::condition::Condition;
use domain::period::Frequency;
use domain::quantity::GrantLimit;
use projections::read_models::campaign_catalogue::CampaignRow;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::routes::budget_body::BudgetBody;

/// One event.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventBody {
    #[schemars(with = "Uuid")]
    id: String,
    name: String,
    description: Option<String>,
    start_date: Moment,
    end_date: Moment,
    #[schemars(with = "Condition")]
    condition: Value,
    condition_version: i64,
    #[schemars(with = "Frequency")]
    frequency: Value,
    time_zone: String,
    #[schemars(with = "Approval")]
    approval: Value,
    max_reward_count: Option<i64>,
    per_member_limit: Option<i64>,
    pending_expires_after: String,
    budgets: Vec<BudgetBody>,
    #[schemars(with = "CampaignStatus")]
    status: &'static str,
    created_at: Option<Moment>,
}

impl EventBody {
    /// The event after a command; none where it was not made.
    pub(super) fn after(receipt: &Receipt<Campaign>, now: Moment) -> Option<Self> {
        let campaign = &receipt.state;
        let terms = campaign.terms()?.clone();
        let (condition, version) = campaign.condition()?;
        Some(Self {
            id: receipt.stream_id.to_string(),
            condition: condition.to_json(),
            condition_version: version.into(),
            status: campaign.status(now).map_or("", CampaignStatus::name),
            created_at: receipt.created_at,
            frequency: json!(terms.frequency),
            approval: json!(terms.approval),
            time_zone: terms.time_zone.name().to_owned(),
            pending_expires_after: terms.pending_expires_after.into(),
            budgets: terms.budgets.iter().map(BudgetBody::of).collect(),
            name: terms.name,
            description: terms.description,
            start_date: terms.starts_at,
            end_date: terms.ends_at,
            max_reward_count: terms.max_reward_count.map(GrantLimit::get),
            per_member_limit: terms.per_member_limit.map(GrantLimit::get),
        })
    }

    /// The event as it was folded.
    pub(super) fn of(row: CampaignRow, now: Moment) -> Self {
        Self {
            status: row.status(now.utc()).name(),
            id: row.campaign_id.to_string(),
            name: row.name,
            description: row.description,
            start_date: Moment::from(row.starts_at),
            end_date: Moment::from(row.ends_at),
            condition: row.condition.0,
            condition_version: row.condition_version,
            frequency: row.frequency.into(),
            time_zone: row.time_zone,
            approval: row.approval.into(),
            max_reward_count: row.max_reward_count,
            per_member_limit: row.per_member_limit,
            pending_expires_after: row.pending_expires_after,
            budgets: row.budgets.iter().flat_map(|budgets| budgets.iter()).map(BudgetBody::of).collect(),
            created_at: Some(Moment::from(row.created_at)),
        }
    }
}
