//! `/streaks`: how long members have kept at something, day by day, and until when a streak can still be saved; and on which
//! days they did anything at all.
//! Members ask about themselves, staff about anybody.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use chrono::{Days, NaiveDate};
use domain::Moment;
use domain::id::MemberId;
use domain::name::Name;
use domain::zone::{first_moment, local_date};
use projections::read_models::login_streak::{self, Runs};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Member, Staff};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The read model behind these routes.
const FACTS: &str = "member_facts";

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/streaks/me",
            get_with(own, |op| {
                op.named("getOwnStreak", "The caller's streak of one kind of activity").refuses(&[Code::MemberUnknown])
            }),
        )
        .api_route(
            "/streaks/user/{id}",
            get_with(of_user, |op| {
                op.named("getStreakOfUser", "One member's streak of one kind of activity")
                    .refuses(&[Code::MemberUnknown])
            }),
        )
        .api_route(
            "/streaks/me/days",
            get_with(own_days, |op| {
                op.named("getOwnDays", "The days on which the caller was active").refuses(&[Code::MemberUnknown])
            }),
        )
        .api_route(
            "/streaks/user/{id}/days",
            get_with(days_of_user, |op| {
                op.named("getDaysOfUser", "The days on which one member was active").refuses(&[Code::MemberUnknown])
            }),
        )
}

/// A streak of what: of log-ins, where nothing is said.
struct Asked {
    kind: Name,
}

impl FromFields for Asked {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { kind: fields.optional("kind", readers::name())?.unwrap_or_else(Name::login) })
    }
}

async fn own(
    State(state): State<AppState>,
    member: Member,
    min: MinPosition,
    Query(asked): Query<Asked>,
) -> Result<At<Json<StreakBody>>, Problem> {
    streak(&state, member.id, asked, min, member.at).await
}

async fn of_user(
    State(state): State<AppState>,
    staff: Staff,
    PathId(member): PathId,
    min: MinPosition,
    Query(asked): Query<Asked>,
) -> Result<At<Json<StreakBody>>, Problem> {
    streak(&state, MemberId(member), asked, min, staff.at).await
}

async fn streak(
    state: &AppState,
    member: MemberId,
    asked: Asked,
    min: MinPosition,
    now: Moment,
) -> Result<At<Json<StreakBody>>, Problem> {
    let position = min.reached_by(&[FACTS], state).await?;
    let runs = login_streak::runs(&state.pool, member, &asked.kind).await?;
    let runs = runs.ok_or_else(|| Problem::new(Code::MemberUnknown).at(position))?;
    Ok(At(position, Json(StreakBody::new(asked.kind, &runs, now))))
}

/// A streak: consecutive local dates of the member with an activity of one kind.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StreakBody {
    kind: Name,
    /// The member's time zone, which defines the days.
    time_zone: &'static str,
    /// The date it is there.
    today: NaiveDate,
    /// Days in a row up to today, or up to yesterday while today has none yet: what the condition `streak` counts.
    current: u32,
    /// The most days in a row that there ever were.
    longest: u32,
    /// Days with an activity, in a row or not.
    active_days: u32,
    /// The latest of them.
    last_on: Option<NaiveDate>,
    /// Without an activity before this moment, the end of today, the current streak is over; null when there is none, or
    /// when today has its activity.
    at_risk_until: Option<Moment>,
}

impl StreakBody {
    fn new(kind: Name, runs: &Runs, now: Moment) -> Self {
        let today = local_date(runs.time_zone, now);
        let streak = runs.streak(today);
        let tomorrow = today.succ_opt().filter(|_| streak.at_risk);
        Self {
            kind,
            time_zone: runs.time_zone.name(),
            today,
            current: streak.current,
            longest: streak.longest,
            active_days: streak.days,
            last_on: streak.last_on,
            at_risk_until: tomorrow.map(|day| first_moment(day, runs.time_zone)),
        }
    }
}

/// The default number of days: sixteen weeks.
const DEFAULT_DAYS: i64 = 112;
const MOST_DAYS: i64 = 366;

/// The number of days up to today.
struct Span {
    days: i64,
}

impl FromFields for Span {
    fn read(fields: &mut Fields) -> Option<Self> {
        let days = fields.optional("days", readers::digits(1, MOST_DAYS));
        Some(Self { days: days?.unwrap_or(DEFAULT_DAYS) })
    }
}

async fn own_days(
    State(state): State<AppState>,
    member: Member,
    min: MinPosition,
    Query(span): Query<Span>,
) -> Result<At<Json<ActiveDays>>, Problem> {
    active_days(&state, member.id, span, min, member.at).await
}

async fn days_of_user(
    State(state): State<AppState>,
    staff: Staff,
    PathId(member): PathId,
    min: MinPosition,
    Query(span): Query<Span>,
) -> Result<At<Json<ActiveDays>>, Problem> {
    active_days(&state, MemberId(member), span, min, staff.at).await
}

async fn active_days(
    state: &AppState,
    member: MemberId,
    Span { days }: Span,
    min: MinPosition,
    now: Moment,
) -> Result<At<Json<ActiveDays>>, Problem> {
    let position = min.reached_by(&[FACTS], state).await?;
    let zone = login_streak::zone_of(&state.pool, member).await?;
    let zone = zone.ok_or_else(|| Problem::new(Code::MemberUnknown).at(position))?;
    let today = local_date(zone, now);
    let before = Days::new(u64::try_from(days - 1).unwrap_or_default());
    let from = today.checked_sub_days(before).unwrap_or(NaiveDate::MIN);
    let days = login_streak::days(&state.pool, member, from, today).await?;
    let days = days.into_iter().map(|(date, activities)| ActiveDay { date, activities }).collect();
    Ok(At(position, Json(ActiveDays { time_zone: zone.name(), from, today, days })))
}

/// Lists a member's days with an activity of any kind.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ActiveDays {
    /// The member's time zone, which defines the days.
    time_zone: &'static str,
    /// The first day of the period.
    from: NaiveDate,
    /// The last day: the member's current date.
    today: NaiveDate,
    /// The days with an activity, oldest first.
    days: Vec<ActiveDay>,
}

/// A day with an activity.
#[derive(Debug, Serialize, JsonSchema)]
struct ActiveDay {
    date: NaiveDate,
    /// The number of activities of all kinds.
    activities: i64,
}
