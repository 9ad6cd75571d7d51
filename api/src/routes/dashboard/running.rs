//! `/dashboard/running-events`: the running events day by day, and how long their stock lasts.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use domain::Moment;
use domain::campaign::CampaignStatus;
use domain::condition::Condition;
use domain::period::Frequency;
use projections::read_models::dashboard::{Running, RunningEvent, RunningReward};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
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
        "/dashboard/running-events",
        get_with(running, |op| {
            op.named("listRunningEvents", "Running events by their grants today, and how long their stock lasts")
        }),
    )
}

/// Active and paused events, those with the most grants today first, at most 50.
async fn running(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(asked): Query<AskedMoment>,
) -> Result<At<Json<RunningBody>>, Problem> {
    let view = asked.view(&state, min, staff.at).await?;
    let running = view.running(asked.time_zone).await?;
    Ok(At(running.as_of.position, Json(running.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RunningBody {
    /// Those with the most grants today first.
    events: Vec<RunningEventBody>,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RunningEvent")]
struct RunningEventBody {
    #[schemars(with = "Uuid")]
    event_id: String,
    name: String,
    #[schemars(with = "CampaignStatus")]
    status: &'static str,
    end_date: Moment,
    #[schemars(with = "Condition")]
    condition: Value,
    condition_version: u32,
    frequency: Frequency,
    /// Grants since midnight, at once or by an operator.
    granted_today: i64,
    /// Grants of the last 14 local days, each up to the time of day of `asOf`; the last is today.
    granted_by_day: Vec<i64>,
    rewards: Vec<RunningRewardBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RunningReward")]
struct RunningRewardBody {
    #[schemars(with = "Uuid")]
    reward_id: String,
    name: String,
    /// The whole stock, taken or not; null if it is unlimited.
    quantity: Option<i64>,
    /// The remaining stock; null if it is unlimited.
    remaining: Option<i64>,
    /// The forecast; null if there is none.
    forecast: Option<ForecastBody>,
}

impl From<Running> for RunningBody {
    fn from(running: Running) -> Self {
        Self { events: running.events.into_iter().map(RunningEventBody::from).collect(), as_of: running.as_of.into() }
    }
}

impl From<RunningEvent> for RunningEventBody {
    fn from(event: RunningEvent) -> Self {
        let (condition, condition_version) = (event.condition.0.to_json(), event.condition.1);
        Self {
            event_id: event.campaign_id.to_string(),
            status: event.status.name(),
            end_date: event.ends_at.into(),
            condition,
            condition_version,
            frequency: event.frequency,
            granted_today: event.granted_today(),
            granted_by_day: event.granted_by_day,
            rewards: event.rewards.into_iter().map(RunningRewardBody::from).collect(),
            name: event.name,
        }
    }
}

impl From<RunningReward> for RunningRewardBody {
    fn from(reward: RunningReward) -> Self {
        Self {
            reward_id: reward.reward_id.to_string(),
            name: reward.name,
            quantity: reward.quantity,
            remaining: reward.remaining,
            forecast: reward.forecast.map(ForecastBody::from),
        }
    }
}
