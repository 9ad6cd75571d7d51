//! `/dashboard/daily`: the last local days, each up to the same time of day.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use domain::Moment;
use projections::read_models::dashboard;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::Problem;
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

use super::AsOfBody;
use super::asked_moment::AskedMoment;

/// The default number of days …
const DEFAULT_DAYS: i64 = 14;
/// … and the maximum.
const MOST_DAYS: i64 = 60;

pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/dashboard/daily",
        get_with(daily, |op| op.named("getDaily", "The last days, each up to the same time of day")),
    )
}

struct AskedDays {
    moment: AskedMoment,
    days: i64,
}

impl FromFields for AskedDays {
    fn read(fields: &mut Fields) -> Option<Self> {
        let days = fields.optional("days", readers::digits(1, MOST_DAYS));
        let moment = AskedMoment::read(fields);
        Some(Self { moment: moment?, days: days?.unwrap_or(DEFAULT_DAYS) })
    }
}

/// The last local days, oldest first.
async fn daily(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(asked): Query<AskedDays>,
) -> Result<At<Json<DailyBody>>, Problem> {
    let view = asked.moment.view(&state, min, staff.at).await?;
    let days = usize::try_from(asked.days).unwrap_or_default();
    let daily = view.daily(asked.moment.time_zone, days).await?;
    Ok(At(daily.as_of.position, Json(daily.into())))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DailyBody {
    /// Oldest first; the last one is today.
    days: Vec<DayBody>,
    as_of: AsOfBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Day")]
struct DayBody {
    /// The date in the requested time zone.
    date: NaiveDate,
    /// The end of the count: when that day reached the time of day of `asOf`.
    until: Moment,
    /// Grants that were made, at once or by an operator.
    granted: i64,
    /// Attempts with any result.
    attempts: i64,
    /// Attempts that were refused and recorded.
    denied: i64,
    /// Members with a fact that occurred until then.
    active: i64,
    /// Members at that moment.
    members: i64,
    /// Members with a claim of any status at that moment.
    participants: i64,
    /// Claims that waited for an operator at that moment.
    pending: i64,
}

impl From<dashboard::Daily> for DailyBody {
    fn from(daily: dashboard::Daily) -> Self {
        let days = daily.days.into_iter().map(|day| DayBody {
            date: day.date,
            until: day.until.into(),
            granted: day.granted,
            attempts: day.attempts,
            denied: day.denied,
            active: day.active,
            members: day.members,
            participants: day.participants,
            pending: day.pending,
        });
        Self { days: days.collect(), as_of: daily.as_of.into() }
    }
}
