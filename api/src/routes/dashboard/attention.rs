//! `/dashboard/attention`: what needs an operator's attention.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use domain::Moment;
use domain::campaign::CampaignStatus;
use projections::read_models::dashboard::{Attention, Item};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::problem::Problem;
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

use super::AsOfBody;
use super::asked_moment::AskedMoment;
use super::forecast::ForecastBody;

pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/dashboard/attention",
        get_with(attention, |op| op.named("listAttention", "What needs attention, the most severe first")),
    )
}

/// What needs attention, at most 50 items.
async fn attention(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(asked): Query<AskedMoment>,
) -> Result<At<Json<AttentionBody>>, Problem> {
    let view = asked.view(&state, min, staff.at).await?;
    let attention = view.attention(asked.time_zone).await?;
    Ok(At(attention.as_of.position, Json(attention.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AttentionBody {
    /// The most severe first, then the next to happen.
    items: Vec<ItemBody>,
    /// How many there are, shown or not.
    total: usize,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AttentionItem")]
struct ItemBody {
    /// `sold_out`: a reward of an active event has nothing left; `sold_out_soon`: it sells out within three days,
    /// before the event ends; `no_reward`: an active event has no reward; `claims_waiting`: claims wait for an
    /// operator; `ends_soon`: an event ends within three days; `opens_soon`: an event opens within two weeks.
    kind: &'static str,
    /// `urgent`, `warning` or `info`.
    severity: &'static str,
    /// How many claims wait, or how many rewards an opening event has; null for other kinds.
    count: Option<i64>,
    /// When the reward sells out, or the event ends or opens; null for other kinds.
    at: Option<Moment>,
    #[schemars(with = "Option<Uuid>")]
    event_id: Option<String>,
    /// The name of the event.
    name: Option<String>,
    #[schemars(with = "Option<CampaignStatus>")]
    status: Option<&'static str>,
    start_date: Option<Moment>,
    end_date: Option<Moment>,
    #[schemars(with = "Option<Uuid>")]
    reward_id: Option<String>,
    reward_name: Option<String>,
    quantity: Option<i64>,
    /// The remaining stock of the reward.
    remaining: Option<i64>,
    forecast: Option<ForecastBody>,
}

impl From<Attention> for AttentionBody {
    fn from(attention: Attention) -> Self {
        Self {
            items: attention.items.into_iter().map(ItemBody::from).collect(),
            total: attention.total,
            as_of: attention.as_of.into(),
        }
    }
}

impl From<Item> for ItemBody {
    fn from(item: Item) -> Self {
        let (event, reward) = (item.event.as_ref(), item.reward.as_ref());
        Self {
            kind: item.kind.name(),
            severity: item.severity.name(),
            count: item.count,
            at: item.at.map(Moment::from),
            event_id: event.map(|event| event.campaign_id.to_string()),
            name: event.map(|event| event.name.clone()),
            status: event.map(|event| event.status.name()),
            start_date: event.map(|event| event.starts_at.into()),
            end_date: event.map(|event| event.ends_at.into()),
            reward_id: reward.map(|reward| reward.reward_id.to_string()),
            reward_name: reward.map(|reward| reward.name.clone()),
            quantity: reward.and_then(|reward| reward.quantity),
            remaining: reward.and_then(|reward| reward.remaining),
            forecast: item.reward.and_then(|reward| reward.forecast).map(ForecastBody::from),
        }
    }
}
