//! `/dashboard/log-analytics`: how busy the log was, and when campaigns opened, ended and changed their rule. The
//! events themselves are in `/audit/log`.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use domain::Moment;
use projections::read_models::campaign_analytics::{Milestone, MilestoneKind, View};
use projections::read_models::log_analytics::{self, LogAnalytics};
use schemars::JsonSchema;
use serde::Serialize;

use super::AsOfBody;
use super::asked::{AskedMinutes, Reached};
use crate::app::problem::Problem;
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/dashboard/log-analytics",
        get_with(log_analytics, |op| op.named("getLogAnalytics", "Events of the log over time")),
    )
}

/// The number of recorded events over time, and the changes of promotional events.
async fn log_analytics(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(AskedMinutes(asked)): Query<AskedMinutes>,
) -> Result<At<Json<LogAnalyticsBody>>, Problem> {
    let (Reached { position, folded }, timeline) = asked.of(log_analytics::MODELS, &state, min, staff.at).await?;
    let view = View::folded_to(&state.heavy_reads, log_analytics::MODELS, position, folded).await?;
    let analytics = log_analytics::log_analytics(view, &timeline, &state.log_edges).await?;
    Ok(At(analytics.as_of.position, Json(analytics.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LogAnalyticsBody {
    timeline: Vec<BucketOfLog>,
    /// The changes in the window, in the order of the log; if there are more than 500, the latest.
    marks: Vec<Mark>,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BucketOfLog {
    /// Where the bucket starts.
    bucket: Moment,
    /// How many events of the log were recorded in it.
    events: i64,
    /// The last position before its end: that of its last event, if it has one.
    last_position: i64,
}

/// A change of a promotional event.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MarkOnTheLog")]
struct Mark {
    /// When it was recorded.
    at: Moment,
    /// Its position in the log.
    position: i64,
    /// `opened`, `ended`, by the clock or by an operator, or `rule`: another version of the condition.
    kind: &'static str,
    event_id: String,
    /// The name of the event at that time.
    name: String,
    /// The version of the condition that came into force; null for the other kinds.
    version: Option<i64>,
}

impl From<Milestone> for Mark {
    fn from(milestone: Milestone) -> Self {
        let version = match milestone.kind {
            MilestoneKind::Rule { version } => Some(version),
            MilestoneKind::Opened | MilestoneKind::Ended => None,
        };
        Self {
            at: milestone.recorded_at.into(),
            position: milestone.position,
            kind: milestone.kind.name(),
            event_id: milestone.campaign_id.to_string(),
            name: milestone.name,
            version,
        }
    }
}

impl From<LogAnalytics> for LogAnalyticsBody {
    fn from(analytics: LogAnalytics) -> Self {
        let timeline = analytics.timeline.into_iter().map(|bucket| BucketOfLog {
            bucket: bucket.bucket.into(),
            events: bucket.events,
            last_position: bucket.last_position,
        });
        Self {
            timeline: timeline.collect(),
            marks: analytics.milestones.into_iter().map(Mark::from).collect(),
            as_of: analytics.as_of.into(),
        }
    }
}
