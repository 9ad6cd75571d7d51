//! `/dashboard/reward-analytics/{rewardId}`: the remaining stock of one reward, its history, and how long it lasts.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use domain::Moment;
use domain::id::RewardId;
use projections::read_models::dashboard::StockAnalytics;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::problem::{Code, Problem};
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

use super::AsOfBody;
use super::asked::AskedTimeline;
use super::forecast::ForecastBody;

pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/dashboard/reward-analytics/{rewardId}",
        get_with(stock, |op| op.named("getStockAnalytics", "The stock of a reward over time, and when it sells out")),
    )
}

/// The stock of a reward.
async fn stock(
    State(state): State<AppState>,
    staff: Staff,
    PathId(reward): PathId,
    min: MinPosition,
    Query(asked): Query<AskedTimeline>,
) -> Result<At<Json<StockAnalyticsBody>>, Problem> {
    let (view, timeline) = asked.view(&state, min, staff.at).await?;
    let position = view.as_of().position;
    let analytics = view.stock(RewardId(reward), &timeline, asked.zone()).await?;
    let analytics = analytics.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    Ok(At(position, Json(analytics.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StockAnalyticsBody {
    #[schemars(with = "Uuid")]
    reward_id: String,
    #[schemars(with = "Uuid")]
    event_id: String,
    /// The whole stock, taken or not; null if it is unlimited.
    quantity: Option<i64>,
    /// The remaining stock; null if it is unlimited.
    remaining: Option<i64>,
    /// Grants that wait for an operator.
    held: i64,
    /// Grants that stand.
    granted: i64,
    burn_down: Vec<BucketOfStock>,
    /// The forecast; null for an unlimited stock, with nothing left, after the end of the event, and before members
    /// could claim for two full local days.
    forecast: Option<ForecastBody>,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
struct BucketOfStock {
    /// Where the bucket starts.
    bucket: Moment,
    /// The remaining stock at its end, or at the end of the window; null for an unlimited stock, before the reward
    /// existed, and if the bucket has not begun.
    remaining: Option<i64>,
    /// Grants and holds, minus what was given back.
    taken: i64,
}

impl From<StockAnalytics> for StockAnalyticsBody {
    fn from(analytics: StockAnalytics) -> Self {
        let burn_down = analytics.burn_down.into_iter().map(|bucket| BucketOfStock {
            bucket: bucket.bucket.into(),
            remaining: bucket.remaining,
            taken: bucket.taken,
        });
        Self {
            reward_id: analytics.reward_id.to_string(),
            event_id: analytics.campaign_id.to_string(),
            quantity: analytics.quantity,
            remaining: analytics.remaining,
            held: analytics.held,
            granted: analytics.granted,
            burn_down: burn_down.collect(),
            forecast: analytics.forecast.map(ForecastBody::from),
            as_of: analytics.as_of.into(),
        }
    }
}
