//! Lists of claims: the own ones, and those that staff look for.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::Moment;
use domain::claim::{ClaimStatus, Price};
use domain::id::{CampaignId, MemberId, RewardId};
use domain::role::Role;
use projections::read_models::claim_history::{self, ClaimFilter, ClaimRow};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::app::claim_names::{ClaimNames, EventLine, RewardLine};
use crate::app::claim_value::CreditBody;
use crate::app::i18n::{Said, phrases};
use crate::app::input::fields::{Broken, Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Caller, Member, Staff};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;
use crate::routes::lists::Page;

/// The read models behind these routes.
pub(in crate::routes) const READ: [&str; 2] = ["claim_history", "campaign_catalogue"];

/// Which claims.
#[derive(Debug, Clone)]
pub(in crate::routes) struct Filter {
    filter: ClaimFilter,
    page: Page,
}

impl FromFields for Filter {
    fn read(fields: &mut Fields) -> Option<Self> {
        let member = fields.optional("userId", readers::id::<Uuid>());
        let filter = Self::of(fields, member.flatten());
        member.and(filter)
    }
}

impl Filter {
    /// Everything but whose claims they are.
    fn of(fields: &mut Fields, member: Option<Uuid>) -> Option<Self> {
        let statuses = fields.optional("status", readers::choice(statuses()));
        let campaign = fields.optional("eventId", readers::id::<Uuid>());
        let reward = fields.optional("rewardId", readers::id::<Uuid>());
        let from = fields.optional("from", readers::instant_or_date());
        let to = fields.optional("to", readers::instant_or_date());
        let page = Page::read(fields);
        let utc = |moment: readers::InstantOrDate| moment.in_zone(domain::zone::Tz::UTC).utc();
        let (from, to) = (from?.map(utc), to?.map(utc));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            fields.report("to", Broken::new("order", "must not be before `from`"));
            return None;
        }
        let filter = ClaimFilter {
            statuses: statuses?.unwrap_or_default(),
            member: member.map(MemberId),
            campaign: campaign?.map(CampaignId),
            reward: reward?.map(RewardId),
            from,
            to,
            before: None,
        };
        Some(Self { filter, page: page? })
    }
}

/// The statuses by name, and the two names that stand for several.
fn statuses() -> Vec<(&'static str, Vec<ClaimStatus>)> {
    let single = ClaimStatus::ALL.map(|status| (status.name(), vec![status]));
    let groups = [("success", true), ("failed", false)].map(|(name, success)| {
        (name, ClaimStatus::ALL.into_iter().filter(|status| outcome(*status) == Some(success)).collect())
    });
    single.into_iter().chain(groups).collect()
}

/// Whether a claim came to a good end, if it came to one.
fn outcome(status: ClaimStatus) -> Option<bool> {
    match status {
        ClaimStatus::Granted | ClaimStatus::Fulfilled => Some(true),
        ClaimStatus::Pending => None,
        ClaimStatus::Denied
        | ClaimStatus::Rejected
        | ClaimStatus::Expired
        | ClaimStatus::FulfilmentFailed
        | ClaimStatus::Reversed => Some(false),
    }
}

pub(in crate::routes) struct OwnFilter(Filter);

impl FromFields for OwnFilter {
    fn read(fields: &mut Fields) -> Option<Self> {
        Filter::of(fields, None).map(Self)
    }
}

/// The own claims.
pub(in crate::routes) async fn own(
    State(state): State<AppState>,
    member: Member,
    uri: Uri,
    min: MinPosition,
    Query(OwnFilter(mut filter)): Query<OwnFilter>,
) -> Result<At<Json<List>>, Problem> {
    filter.filter.member = Some(member.id);
    list(&state, &member, &uri, min, filter).await
}

/// Everybody's claims.
pub(in crate::routes) async fn all(
    State(state): State<AppState>,
    staff: Staff,
    uri: Uri,
    min: MinPosition,
    Query(filter): Query<Filter>,
) -> Result<At<Json<List>>, Problem> {
    list(&state, &staff, &uri, min, filter).await
}

/// One member's claims.
pub(in crate::routes) async fn of_user(
    State(state): State<AppState>,
    staff: Staff,
    PathId(user): PathId,
    uri: Uri,
    min: MinPosition,
    Query(OwnFilter(mut filter)): Query<OwnFilter>,
) -> Result<At<Json<List>>, Problem> {
    filter.filter.member = Some(MemberId(user));
    list(&state, &staff, &uri, min, filter).await
}

/// What members ask for through a door that staff uses too: their own, whatever the filter says.
pub(in crate::routes) async fn own_or_all(
    state: &AppState,
    caller: &Caller,
    uri: &Uri,
    min: MinPosition,
    mut filter: Filter,
) -> Result<At<Json<List>>, Problem> {
    match caller.role {
        Role::Operator | Role::Auditor | Role::Admin => {}
        Role::User | Role::Service if filter.filter.member.is_some_and(|member| member != caller.id) => {
            return Err(Problem::new(Code::Forbidden));
        }
        Role::User | Role::Service => filter.filter.member = Some(caller.id),
    }
    list(state, caller, uri, min, filter).await
}

async fn list(
    state: &AppState,
    caller: &Caller,
    uri: &Uri,
    min: MinPosition,
    wanted: Filter,
) -> Result<At<Json<List>>, Problem> {
    let walk = wanted.page.of(&state.keys, uri, caller.id)?;
    let position = min.reached_by(&READ, state).await?;
    let filter = ClaimFilter { before: walk.before, ..wanted.filter };
    let mut connection = state.pool.acquire().await?;
    let mut rows = claim_history::list(&mut connection, &filter, walk.rows()).await?;
    let next = walk.cut(&mut rows, |row| row.created_position)?;
    let claims = lines(&mut connection, rows).await?;
    Ok(At(position, Json(List { message: phrases::claims(), claims, next_cursor: next })))
}

/// One page of claims.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ClaimsPage")]
pub(in crate::routes) struct List {
    message: Said,
    claims: Vec<Line>,
    next_cursor: Option<String>,
}

/// Claims as lists show them.
pub(in crate::routes) async fn lines(connection: &mut PgConnection, rows: Vec<ClaimRow>) -> Result<Vec<Line>, Problem> {
    let names = ClaimNames::of(connection, &rows).await?;
    Ok(rows.into_iter().map(|row| Line::of(&names, row)).collect())
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ListedClaim")]
pub(in crate::routes) struct Line {
    #[schemars(with = "Uuid")]
    id: String,
    #[schemars(with = "Uuid")]
    user_id: String,
    #[schemars(with = "Uuid")]
    event_id: String,
    #[schemars(with = "Uuid")]
    reward_id: String,
    pub(in crate::routes) reward: RewardLine,
    pub(in crate::routes) event: EventLine,
    #[schemars(with = "ClaimStatus")]
    status: String,
    pub(in crate::routes) reason: Option<String>,
    period: String,
    /// What it has credited; null where that is nothing, or was taken back.
    pub(in crate::routes) credit: Option<CreditBody>,
    /// What it costs the member, held while it is pending; null where that is nothing, or was given back. One claim by
    /// itself tells the lots too.
    pub(in crate::routes) paid: Option<Price>,
    created_at: Moment,
    updated_at: Moment,
}

impl Line {
    fn of(names: &ClaimNames, row: ClaimRow) -> Self {
        Self {
            id: row.claim_id.to_string(),
            user_id: row.member_id.to_string(),
            event_id: row.campaign_id.to_string(),
            reward_id: row.reward_id.to_string(),
            reward: names.reward(&row),
            event: names.event(&row),
            status: row.status,
            reason: row.reason,
            period: row.period,
            credit: row.credit.map(|credit| credit.0.into()),
            paid: row.paid.map(|paid| paid.0),
            created_at: Moment::from(row.created_at),
            updated_at: Moment::from(row.updated_at),
        }
    }
}
