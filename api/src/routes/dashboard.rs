//! `/dashboard`: the programme in numbers, for staff.

use std::collections::BTreeMap;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::Moment;
use projections::dashboard::{self, Summary};
use schemars::JsonSchema;
use serde::Serialize;

use crate::callers::Staff;
use crate::extract::Query;
use crate::fields::readers::{self, InstantOrDate};
use crate::fields::{Fields, FromFields};
use crate::openapi::Describe as _;
use crate::positions::{At, MinPosition};
use crate::problem::Problem;
use crate::state::AppState;

/// The read model behind this route.
const DASHBOARD: &str = "dashboard";
/// The window when none is asked for.
const DEFAULT_WINDOW: TimeDelta = TimeDelta::days(30);

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/dashboard", get_with(summary, |op| op.named("getDashboard", "The programme in numbers")))
}

struct Window {
    from: Option<InstantOrDate>,
    to: Option<InstantOrDate>,
    time_zone: Tz,
}

impl FromFields for Window {
    fn read(fields: &mut Fields) -> Option<Self> {
        let from = fields.optional("from", readers::instant_or_date());
        let to = fields.optional("to", readers::instant_or_date());
        let time_zone = fields.optional("timeZone", readers::zone());
        Some(Self { from: from?, to: to?, time_zone: time_zone?.unwrap_or(Tz::UTC) })
    }
}

impl Window {
    fn bounds(&self, now: Moment) -> Result<(Moment, Moment), Problem> {
        let to = self.to.map_or(now, |to| to.in_zone(self.time_zone));
        let from = self.from.map(|from| from.in_zone(self.time_zone));
        let from = from.unwrap_or_else(|| Moment::from(to.utc() - DEFAULT_WINDOW));
        if from < to { Ok((from, to)) } else { Err(Problem::field("query.to", "order", "must be after `from`")) }
    }
}

/// The programme in one answer.
async fn summary(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(window): Query<Window>,
) -> Result<At<Json<SummaryBody>>, Problem> {
    let (from, to) = window.bounds(staff.at)?;
    min.reached_by(&[DASHBOARD], &state).await?;
    let summary = dashboard::summary(&state.pool, from.utc(), to.utc(), staff.at.utc()).await?;
    Ok(At(summary.as_of.position, Json(body(&summary))))
}

fn body(summary: &Summary) -> SummaryBody {
    SummaryBody {
        events: counts(summary.campaigns.iter().map(|(status, count)| (status.name(), *count))),
        rewards: counts(summary.rewards.iter().map(|(kind, count)| (kind.name(), *count))),
        claims: counts(summary.claims.iter().map(|(status, count)| (status.name(), *count))),
        members: MembersBody { total: summary.members.total, active: summary.members.active, new: summary.members.new },
        participation_rate: summary.participation_rate,
        as_of: AsOfBody { position: summary.as_of.position, recorded_at: Moment::from(summary.as_of.recorded_at) },
    }
}

fn counts(labelled: impl Iterator<Item = (&'static str, i64)>) -> BTreeMap<&'static str, i64> {
    labelled.collect()
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SummaryBody {
    events: BTreeMap<&'static str, i64>,
    rewards: BTreeMap<&'static str, i64>,
    claims: BTreeMap<&'static str, i64>,
    members: MembersBody,
    participation_rate: f64,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
struct MembersBody {
    total: i64,
    active: i64,
    new: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AsOfBody {
    position: i64,
    recorded_at: Moment,
}
