//! `/dashboard`: the programme in numbers, for staff, now and as of any position of the log. What is
//! asked for is read in `asked`; how the numbers come about is the read model's affair.

mod asked;
mod asked_moment;
mod attention;
mod counted;
mod daily;
mod forecast;
mod log_analytics;
mod one_event;
mod reward;
mod running;
mod value;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use domain::Moment;
use projections::read_models::dashboard::{self, AsOf};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::problem::Problem;
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

use asked::{AskedSummary, AskedTimeline};
use counted::{Claims, DenialReason, Events, Rewards, StatusOfClaims, StatusOfEvents};

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/dashboard", get_with(summary, |op| op.named("getDashboard", "The key figures")))
        .api_route(
            "/dashboard/event-analytics",
            get_with(event_analytics, |op| op.named("getEventAnalytics", "Events and their grants over time")),
        )
        .api_route(
            "/dashboard/reward-analytics",
            get_with(reward_analytics, |op| op.named("getRewardAnalytics", "Grants and refusals over time")),
        )
        .api_route(
            "/dashboard/user-analytics",
            get_with(user_analytics, |op| op.named("getUserAnalytics", "Participation over time")),
        )
        .merge(log_analytics::router())
        .merge(reward::router())
        .merge(daily::router())
        .merge(running::router())
        .merge(attention::router())
        .merge(one_event::router())
        .merge(value::router())
}

/// What an answer is as of.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AsOfBody {
    /// Up to here the log is folded in.
    position: i64,
    /// When the event at that position was recorded.
    recorded_at: Moment,
}

impl From<AsOf> for AsOfBody {
    fn from(as_of: AsOf) -> Self {
        Self { position: as_of.position, recorded_at: as_of.recorded_at.into() }
    }
}

/// The programme in one answer.
async fn summary(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(asked): Query<AskedSummary>,
) -> Result<At<Json<SummaryBody>>, Problem> {
    let (view, window) = asked.view(&state, min, staff.at).await?;
    let summary = view.summary(window.from, window.to).await?;
    Ok(At(summary.as_of.position, Json(summary.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SummaryBody {
    /// Events by where they stand.
    events: Events,
    /// Rewards by type.
    rewards: Rewards,
    /// Claims of all time by current status.
    claims: Claims,
    members: MembersBody,
    /// Members with a claim of any status ÷ members; 0 for none.
    participation_rate: f64,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MembersBody {
    /// Registered members of role USER.
    total: i64,
    /// Those with a fact that occurred in the window.
    active: i64,
    /// Those who registered in the window.
    new: i64,
}

impl From<dashboard::Summary> for SummaryBody {
    fn from(summary: dashboard::Summary) -> Self {
        let dashboard::Members { total, active, new } = summary.members;
        Self {
            events: Events::of(&summary.campaigns),
            rewards: Rewards::of(&summary.rewards),
            claims: Claims::of(&summary.claims),
            members: MembersBody { total, active, new },
            participation_rate: summary.participation_rate,
            as_of: summary.as_of.into(),
        }
    }
}

/// Events, what they hand out, and when they started, ended and granted.
async fn event_analytics(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(asked): Query<AskedTimeline>,
) -> Result<At<Json<EventAnalyticsBody>>, Problem> {
    let (view, timeline) = asked.view(&state, min, staff.at).await?;
    let analytics = view.events(&timeline).await?;
    Ok(At(analytics.as_of.position, Json(analytics.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EventAnalyticsBody {
    status_distribution: Vec<StatusOfEvents>,
    /// What each event hands out, the newest event first.
    rewards_per_event: Vec<RewardsOfEvent>,
    timeline: Vec<BucketOfEvents>,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RewardsOfEvent {
    event_id: String,
    name: String,
    /// How many rewards it has.
    rewards: i64,
    /// Grants that stand.
    granted: i64,
    /// Grants that wait for an operator.
    held: i64,
    /// Grants that are left; null where one of its rewards has no limit.
    remaining: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct BucketOfEvents {
    /// Where the bucket starts.
    bucket: Moment,
    /// Events that became active.
    started: i64,
    /// Events that ended, by the clock or by an operator.
    ended: i64,
    /// Grants that were made, at once or by an operator.
    granted: i64,
}

impl From<dashboard::EventAnalytics> for EventAnalyticsBody {
    fn from(analytics: dashboard::EventAnalytics) -> Self {
        let rewards = analytics.rewards.into_iter().map(|event| RewardsOfEvent {
            event_id: event.campaign_id.to_string(),
            name: event.name,
            rewards: event.rewards,
            granted: event.granted,
            held: event.held,
            remaining: event.remaining,
        });
        let timeline = analytics.timeline.into_iter().map(|bucket| BucketOfEvents {
            bucket: bucket.bucket.into(),
            started: bucket.started,
            ended: bucket.ended,
            granted: bucket.granted,
        });
        Self {
            status_distribution: StatusOfEvents::all(&analytics.statuses),
            rewards_per_event: rewards.collect(),
            timeline: timeline.collect(),
            as_of: analytics.as_of.into(),
        }
    }
}

/// What was handed out and what was refused.
async fn reward_analytics(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(asked): Query<AskedTimeline>,
) -> Result<At<Json<RewardAnalyticsBody>>, Problem> {
    let (view, timeline) = asked.view(&state, min, staff.at).await?;
    let analytics = view.reward_claims(&timeline).await?;
    Ok(At(analytics.as_of.position, Json(analytics.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RewardAnalyticsBody {
    type_distribution: Vec<TypeOfReward>,
    /// Claims of all time by current status.
    claim_status_distribution: Vec<StatusOfClaims>,
    /// Attempts that were refused in the window.
    denial_reasons: Vec<DenialReason>,
    timeline: Vec<BucketOfClaims>,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
struct TypeOfReward {
    /// `POINT`, `ITEM` or `COUPON`.
    #[serde(rename = "type")]
    reward_type: &'static str,
    /// How many rewards are of it.
    rewards: i64,
    /// Grants that stand.
    granted: i64,
    /// What those grants hand out together.
    amount: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct BucketOfClaims {
    /// Where the bucket starts.
    bucket: Moment,
    /// Grants that were made, at once or by an operator.
    granted: i64,
    /// Attempts that were refused and recorded.
    denied: i64,
    /// Claims that began to wait for an operator.
    pending: i64,
}

impl From<dashboard::RewardAnalytics> for RewardAnalyticsBody {
    fn from(analytics: dashboard::RewardAnalytics) -> Self {
        let types = analytics.types.into_iter().map(|one| TypeOfReward {
            reward_type: one.reward_type.name(),
            rewards: one.rewards,
            granted: one.granted,
            amount: one.amount,
        });
        let timeline = analytics.timeline.into_iter().map(|bucket| BucketOfClaims {
            bucket: bucket.bucket.into(),
            granted: bucket.granted,
            denied: bucket.denied,
            pending: bucket.pending,
        });
        Self {
            type_distribution: types.collect(),
            claim_status_distribution: StatusOfClaims::all(&analytics.claims),
            denial_reasons: DenialReason::all(&analytics.denial_reasons),
            timeline: timeline.collect(),
            as_of: analytics.as_of.into(),
        }
    }
}

/// Who takes part.
async fn user_analytics(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(asked): Query<AskedTimeline>,
) -> Result<At<Json<UserAnalyticsBody>>, Problem> {
    let (view, timeline) = asked.view(&state, min, staff.at).await?;
    let analytics = view.users(&timeline).await?;
    Ok(At(analytics.as_of.position, Json(analytics.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserAnalyticsBody {
    /// Members with a claim of any status ÷ members; 0 for none.
    participation_rate: f64,
    /// Members with a fact that occurred in the window.
    active_members: i64,
    /// Members who registered in the window.
    new_members: i64,
    timeline: Vec<BucketOfMembers>,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
struct BucketOfMembers {
    /// Where the bucket starts.
    bucket: Moment,
    /// Members with a fact that occurred in it.
    active: i64,
    /// Members who registered in it.
    new: i64,
    /// Members who asked for a reward in it, whatever came of it.
    claimants: i64,
}

impl From<dashboard::UserAnalytics> for UserAnalyticsBody {
    fn from(analytics: dashboard::UserAnalytics) -> Self {
        let timeline = analytics.timeline.into_iter().map(|bucket| BucketOfMembers {
            bucket: bucket.bucket.into(),
            active: bucket.active,
            new: bucket.new,
            claimants: bucket.claimants,
        });
        Self {
            participation_rate: analytics.participation_rate,
            active_members: analytics.active,
            new_members: analytics.new,
            timeline: timeline.collect(),
            as_of: analytics.as_of.into(),
        }
    }
}
