//! `/events`: promotional events, created by operators and read by everybody who has an account.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono_tz::Tz;
use commands::Receipt;
use domain::Moment;
use domain::campaign::{Approval, Campaign, CampaignCommand, CampaignStatus, CampaignTerms, Draft, PendingExpiry};
use domain::condition::Condition;
use domain::id::CampaignId;
use domain::period::Frequency;
use domain::quantity::{GrantLimit, MAX_COUNT};
use projections::campaign_catalogue::{self, CampaignRow};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::lists::Page;
use crate::callers::{Account, Operator};
use crate::extract::{PathId, Query};
use crate::fields::{Broken, Fields, FromFields, Nothing, readers};
use crate::once::Once;
use crate::positions::{At, MinPosition};
use crate::problem::{Code, Problem, condition_errors};
use crate::state::AppState;

/// The read model behind these routes.
const CATALOGUE: &str = "campaign_catalogue";

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/events", post(create).get(list)).route("/events/{id}", get(one))
}

impl FromFields for Draft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", readers::text(1, 120));
        let description = fields.nullable("description", readers::text(0, 2_000));
        let starts_at = fields.required("startDate", readers::instant_or_date);
        let ends_at = fields.required("endDate", readers::instant_or_date);
        let condition = condition(fields);
        let frequency = fields.optional("frequency", readers::choice(frequencies()));
        let time_zone = fields.optional("timeZone", readers::zone);
        let approval = fields.optional("approval", readers::choice(approvals()));
        let max_reward_count = fields.nullable("maxRewardCount", grant_limit);
        let per_member_limit = fields.nullable("perMemberLimit", grant_limit);
        let pending_expires_after = fields.optional("pendingExpiresAfter", pending_expiry);
        let time_zone = time_zone?.unwrap_or(Tz::UTC);
        let terms = CampaignTerms {
            name: name?,
            description: description?,
            starts_at: starts_at?.in_zone(time_zone),
            ends_at: ends_at?.in_zone(time_zone),
            frequency: frequency?.unwrap_or_default(),
            time_zone,
            approval: approval?.unwrap_or_default(),
            max_reward_count: max_reward_count?,
            per_member_limit: per_member_limit?,
            pending_expires_after: pending_expires_after?.unwrap_or_default(),
        };
        Some(Self { terms, condition: condition? })
    }
}

fn condition(fields: &mut Fields) -> Option<Condition> {
    let value = fields.required("condition", Ok)?;
    Condition::parse(&value).map_err(|problems| fields.report_all(condition_errors(problems, "condition"))).ok()
}

fn frequencies() -> [(&'static str, Frequency); 4] {
    [
        ("once", Frequency::Once),
        ("daily", Frequency::Daily),
        ("weekly", Frequency::Weekly),
        ("monthly", Frequency::Monthly),
    ]
}

fn approvals() -> [(&'static str, Approval); 2] {
    [("automatic", Approval::Automatic), ("manual", Approval::Manual)]
}

/// A limit of grants.
pub(super) fn grant_limit(value: Value) -> Result<GrantLimit, Broken> {
    let number = readers::number(1, MAX_COUNT)(value)?;
    GrantLimit::try_from(number).map_err(|bounds| Broken::new("range", bounds.to_string()))
}

fn pending_expiry(value: Value) -> Result<PendingExpiry, Broken> {
    let text = readers::text(0, 20)(value)?;
    PendingExpiry::try_from(text).map_err(|not| Broken::new("duration", not.to_string()))
}

/// Creates an event.
async fn create(
    State(state): State<AppState>,
    operator: Operator,
    _: Query<Nothing>,
    Once(draft, key): Once<Draft>,
) -> Result<Created, Problem> {
    let id = CampaignId(Uuid::now_v7());
    let command = CampaignCommand::Create { draft: Box::new(draft.clone()), at: operator.at };
    let answer = move |receipt: &Receipt<Campaign>| created(id, &draft, operator.at, receipt);
    Ok(key.execute(&state.ledger, &id.to_string(), command, &operator.metadata(), answer).await?)
}

type Created = At<(StatusCode, Json<EventBody>)>;

fn created(id: CampaignId, draft: &Draft, now: Moment, receipt: &Receipt<Campaign>) -> Created {
    let Draft { terms, condition } = draft.clone();
    let body = EventBody {
        id: id.to_string(),
        condition: condition.to_json(),
        condition_version: 1,
        status: receipt.state.status(now).map_or("", CampaignStatus::name),
        created_at: receipt.created_at,
        frequency: json!(terms.frequency),
        approval: json!(terms.approval),
        time_zone: terms.time_zone.name().to_owned(),
        pending_expires_after: terms.pending_expires_after.into(),
        name: terms.name,
        description: terms.description,
        start_date: terms.starts_at,
        end_date: terms.ends_at,
        max_reward_count: terms.max_reward_count.map(GrantLimit::get),
        per_member_limit: terms.per_member_limit.map(GrantLimit::get),
    };
    At(receipt.position, (StatusCode::CREATED, Json(body)))
}

struct Filter {
    status: Option<CampaignStatus>,
    page: Page,
}

impl FromFields for Filter {
    fn read(fields: &mut Fields) -> Option<Self> {
        let statuses = CampaignStatus::ALL.map(|status| (status.name(), status));
        let status = fields.optional("status", readers::choice(statuses));
        let page = Page::read(fields);
        Some(Self { status: status?, page: page? })
    }
}

/// Events, newest first.
async fn list(
    State(state): State<AppState>,
    account: Account,
    uri: Uri,
    min: MinPosition,
    Query(filter): Query<Filter>,
) -> Result<At<Json<Value>>, Problem> {
    let walk = filter.page.of(&uri, account.id)?;
    let position = min.reached_by(&[CATALOGUE], &state).await?;
    let now = account.at.utc();
    let mut rows = campaign_catalogue::campaigns(&state.pool, filter.status, now, walk.before, walk.rows()).await?;
    let next = walk.cut(&mut rows, |row| row.created_position);
    let events: Vec<_> = rows.into_iter().map(|row| EventBody::of(row, account.at)).collect();
    Ok(At(position, Json(json!({"events": events, "nextCursor": next}))))
}

/// One event.
async fn one(
    State(state): State<AppState>,
    account: Account,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Json<EventBody>>, Problem> {
    let position = min.reached_by(&[CATALOGUE], &state).await?;
    let row = campaign_catalogue::campaign(&state.pool, CampaignId(id)).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    Ok(At(position, Json(EventBody::of(row, account.at))))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventBody {
    id: String,
    name: String,
    description: Option<String>,
    start_date: Moment,
    end_date: Moment,
    condition: Value,
    condition_version: i64,
    frequency: Value,
    time_zone: String,
    approval: Value,
    max_reward_count: Option<i64>,
    per_member_limit: Option<i64>,
    pending_expires_after: String,
    status: &'static str,
    created_at: Option<Moment>,
}

impl EventBody {
    fn of(row: CampaignRow, now: Moment) -> Self {
        Self {
            status: row.status(now.utc()).name(),
            id: row.campaign_id.to_string(),
            name: row.name,
            description: row.description,
            start_date: Moment::from(row.starts_at),
            end_date: Moment::from(row.ends_at),
            condition: row.condition.0,
            condition_version: row.condition_version,
            frequency: row.frequency.into(),
            time_zone: row.time_zone,
            approval: row.approval.into(),
            max_reward_count: row.max_reward_count,
            per_member_limit: row.per_member_limit,
            pending_expires_after: row.pending_expires_after,
            created_at: Some(Moment::from(row.created_at)),
        }
    }
}
