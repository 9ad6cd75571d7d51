//! `/dashboard/event-analytics/{eventId}`: the analytics of one promotional event. Single claims are in `/claims`, the
//! stock of its rewards in `/rewards`.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use domain::Moment;
use domain::condition::Condition;
use domain::id::CampaignId;
use projections::read_models::campaign_analytics::{self as campaign, View};
use schemars::JsonSchema;
use serde::Serialize;

use super::AsOfBody;
use super::asked::{AskedTimeline, Reached};
use super::counted::DenialReason;
use crate::app::problem::{Code, Problem};
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/dashboard/event-analytics/{eventId}",
        get_with(one_event, |op| {
            op.named("getEventAnalyticsOfEvent", "The claims of one event over time, and the decisions by its rule")
                .refuses(&[Code::NotFound])
        }),
    )
}

/// The claims of one event over time, and the decisions by each version of its condition. As of a position before it
/// existed, it is not found.
async fn one_event(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    PathId(id): PathId,
    Query(asked): Query<AskedTimeline>,
) -> Result<At<Json<OneEventBody>>, Problem> {
    let (Reached { position, folded }, timeline) = asked.of(campaign::MODELS, &state, min, staff.at).await?;
    let view = View::folded_to(&state.heavy_reads, campaign::MODELS, position, folded).await?;
    let position = view.as_of().position;
    let analytics = view.campaign(CampaignId(id), &timeline).await?;
    let analytics = analytics.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    Ok(At(position, Json(OneEventBody::of(id.to_string(), analytics))))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EventAnalyticsOfEventBody")]
struct OneEventBody {
    event_id: String,
    timeline: Vec<BucketOfSteps>,
    /// Attempts that were refused in the window.
    denial_reasons: Vec<DenialReason>,
    /// Each version of the condition, oldest first; if there are more than 100, the latest.
    condition_versions: Vec<VersionBody>,
    /// Grants that stand.
    granted: i64,
    /// Grants that wait for an operator.
    held: i64,
    members: MembersOfEvent,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
struct BucketOfSteps {
    /// Where the bucket starts.
    bucket: Moment,
    /// Grants that were made, at once or by an operator.
    granted: i64,
    /// Attempts that were refused and recorded.
    denied: i64,
    /// Claims that began to wait for an operator.
    pending: i64,
    /// Claims that an operator rejected.
    rejected: i64,
    /// Claims that nobody decided in time.
    expired: i64,
    /// Pending claims that ended without a decision, because their member was erased.
    withdrawn: i64,
    /// Grants that were taken back.
    reversed: i64,
}

/// The decisions by one version of the condition, since it came into force.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConditionVersionBody")]
struct VersionBody {
    version: i64,
    /// The position from which it is in force.
    position: i64,
    /// When that was recorded.
    since: Moment,
    condition: Condition,
    /// Attempts that it decided, with any result.
    attempts: i64,
    /// Attempts that met it.
    met: i64,
    /// Attempts that were refused because they did not.
    refused: i64,
    /// Each leaf by itself, in reading order.
    leaves: Vec<LeafBody>,
    /// The leaves that were missing in refused attempts, most frequent first; at most 20, so their counts can add up to
    /// less than `refused`.
    missing: Vec<MissingBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LeafMetBody")]
struct LeafBody {
    /// As in `evidence`.
    path: String,
    leaf: &'static str,
    /// Attempts in which it was met.
    met: i64,
}

/// The leaves that would have had to change: all unmet parts of an `all`, every part of an `any` with none met, and
/// what was met below a `not`.
#[derive(Debug, Serialize, JsonSchema)]
struct MissingBody {
    /// As in `evidence`.
    paths: Vec<String>,
    /// The number of attempts.
    count: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MembersOfEvent {
    /// Registered members of role USER.
    total: i64,
    /// Members who requested a reward of the event, with any result.
    asked: i64,
    /// Members who were granted or promised one, even if they lost it later.
    claimed: i64,
    /// Members who have one.
    granted: i64,
}

impl OneEventBody {
    fn of(event_id: String, one: campaign::OneCampaign) -> Self {
        let campaign::CampaignMembers { total, asked, claimed, granted } = one.members;
        Self {
            event_id,
            timeline: one.timeline.into_iter().map(BucketOfSteps::from).collect(),
            denial_reasons: DenialReason::all(&one.denial_reasons),
            condition_versions: one.versions.into_iter().map(VersionBody::from).collect(),
            granted: one.granted,
            held: one.held,
            members: MembersOfEvent { total, asked, claimed, granted },
            as_of: one.as_of.into(),
        }
    }
}

impl From<campaign::StepsBucket> for BucketOfSteps {
    fn from(bucket: campaign::StepsBucket) -> Self {
        let campaign::StepsBucket { bucket, granted, denied, pending, rejected, expired, withdrawn, reversed } = bucket;
        Self { bucket: bucket.into(), granted, denied, pending, rejected, expired, withdrawn, reversed }
    }
}

impl From<campaign::Version> for VersionBody {
    fn from(version: campaign::Version) -> Self {
        let leaves = version.leaves.into_iter();
        let missing = version.missing.into_iter();
        Self {
            version: version.version,
            position: version.position,
            since: version.since.into(),
            condition: version.condition,
            attempts: version.attempts,
            met: version.met,
            refused: version.refused,
            leaves: leaves.map(|leaf| LeafBody { path: leaf.path, leaf: leaf.leaf, met: leaf.met }).collect(),
            missing: missing.map(|one| MissingBody { paths: one.paths, count: one.count }).collect(),
        }
    }
}
