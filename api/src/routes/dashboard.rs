//! `/dashboard`: the programme in numbers, for staff.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::Moment;
use projections::dashboard::{self, Summary};
use serde_json::{Map, Value, json};

use crate::callers::Staff;
use crate::extract::Query;
use crate::fields::readers::{self, InstantOrDate};
use crate::fields::{Fields, FromFields};
use crate::positions::{At, MinPosition};
use crate::problem::Problem;
use crate::state::AppState;

/// The read model behind this route.
const DASHBOARD: &str = "dashboard";
/// The window when none is asked for.
const DEFAULT_WINDOW: TimeDelta = TimeDelta::days(30);

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/dashboard", get(summary))
}

struct Window {
    from: Option<InstantOrDate>,
    to: Option<InstantOrDate>,
    time_zone: Tz,
}

impl FromFields for Window {
    fn read(fields: &mut Fields) -> Option<Self> {
        let from = fields.optional("from", readers::instant_or_date);
        let to = fields.optional("to", readers::instant_or_date);
        let time_zone = fields.optional("timeZone", readers::zone);
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
) -> Result<At<Json<Value>>, Problem> {
    let (from, to) = window.bounds(staff.at)?;
    min.reached_by(&[DASHBOARD], &state).await?;
    let summary = dashboard::summary(&state.pool, from.utc(), to.utc(), staff.at.utc()).await?;
    Ok(At(summary.as_of.position, Json(body(&summary))))
}

fn body(summary: &Summary) -> Value {
    json!({
        "events": counts(summary.campaigns.iter().map(|(status, count)| (status.name(), *count))),
        "rewards": counts(summary.rewards.iter().map(|(kind, count)| (kind.name(), *count))),
        "claims": counts(summary.claims.iter().map(|(status, count)| (status.name(), *count))),
        "members": {
            "total": summary.members.total,
            "active": summary.members.active,
            "new": summary.members.new,
        },
        "participationRate": summary.participation_rate,
        "asOf": {"position": summary.as_of.position, "recordedAt": Moment::from(summary.as_of.recorded_at)},
    })
}

fn counts(labelled: impl Iterator<Item = (&'static str, i64)>) -> Map<String, Value> {
    labelled.map(|(label, count)| (label.to_owned(), count.into())).collect()
}
