//! `/events`: promotional events, created and changed by operators, read by everybody who has an
//! account. What is said of an event is in `fields`, how it is shown in `answer`, changes in `change`.

mod answer;
pub(crate) mod backtest;
mod change;
mod fields;
pub(crate) mod progress;
pub(crate) mod request_reward;
pub(crate) mod rewards;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use commands::Receipt;
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand, CampaignStatus, Draft};
use domain::id::CampaignId;
use projections::read_models::campaign_catalogue;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::budget_body::names_units;
use super::lists::Page;
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Account, Operator};
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::{At, MinPosition, Written};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::{Created, Describe as _};
use crate::http::state::AppState;
use answer::EventBody;

pub(super) use fields::grant_limit;

/// The read model behind these routes.
const CATALOGUE: &str = "campaign_catalogue";

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/events",
            post_with(create, |op| {
                op.named("createEvent", "Creates an event")
                    .limits(&[])
                    .refuses(&[Code::EventNameTaken])
                    .body_example(example())
            })
            .get_with(list, |op| op.named("listEvents", "Events, newest first")),
        )
        .api_route(
            "/events/{id}",
            get_with(one, |op| op.named("getEvent", "One event")).patch_with(change::revise, |op| {
                op.named("changeEvent", "Changes an event").limits(&[]).refuses(&[
                    Code::EventNameTaken,
                    Code::EventInUse,
                    Code::BelowCommitted,
                    Code::StepNotAllowed,
                ])
            }),
        )
        .api_route(
            "/events/{id}/pause",
            post_with(change::pause, |op| {
                op.named("pauseEvent", "Pauses an event: nobody can claim").limits(&[]).refuses(&[Code::StepNotAllowed])
            }),
        )
        .api_route(
            "/events/{id}/resume",
            post_with(change::resume, |op| {
                op.named("resumeEvent", "Resumes a paused event").limits(&[]).refuses(&[Code::StepNotAllowed])
            }),
        )
        .api_route(
            "/events/{id}/end",
            post_with(change::end, |op| {
                op.named("endEvent", "Ends an event for good").limits(&[]).refuses(&[Code::StepNotAllowed])
            }),
        )
}

/// A draft as it is sent.
fn example() -> Value {
    json!({
        "name": "Seven days in a row",
        "startDate": "2026-11-01",
        "endDate": "2026-12-01",
        "condition": {"streak": {"kind": "login", "days": 7}},
        "frequency": "once",
        "timeZone": "Asia/Seoul",
    })
}

type Made = Written<Tagged<Created<EventBody>>>;

/// Creates an event.
async fn create(
    State(state): State<AppState>,
    operator: Operator,
    _: Query<Nothing>,
    Idempotent(draft, key): Idempotent<Draft>,
) -> Result<Made, Problem> {
    names_units(&state, &draft.terms.budgets).await?;
    let id = CampaignId(Uuid::now_v7());
    let command = CampaignCommand::Create { draft: Box::new(draft), at: operator.at };
    let answer = move |receipt: &Receipt<Campaign>| created(receipt, operator.at);
    key.execute(&state.ledger, &id.to_string(), command, &operator.metadata(), answer).await?
}

fn created(receipt: &Receipt<Campaign>, now: Moment) -> Result<Made, Problem> {
    let body = EventBody::after(receipt, now).ok_or_else(|| Problem::internal("event", &"it was not made"))?;
    Ok(Written::by(receipt, Tagged(receipt.sequence, Created(body))))
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
) -> Result<At<Json<EventsBody>>, Problem> {
    let walk = filter.page.of(&state.keys, &uri, account.id)?;
    let position = min.reached_by(&[CATALOGUE], &state).await?;
    let now = account.at.utc();
    let mut rows = campaign_catalogue::campaigns(&state.pool, filter.status, now, walk.before, walk.rows()).await?;
    let next = walk.cut(&mut rows, |row| row.created_position)?;
    let events: Vec<_> = rows.into_iter().map(|row| EventBody::of(row, account.at)).collect();
    Ok(At(position, Json(EventsBody { events, next_cursor: next })))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct EventsBody {
    events: Vec<EventBody>,
    next_cursor: Option<String>,
}

/// One event.
async fn one(
    State(state): State<AppState>,
    account: Account,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Tagged<Json<EventBody>>>, Problem> {
    let position = min.reached_by(&[CATALOGUE], &state).await?;
    let row = campaign_catalogue::campaign(&state.pool, CampaignId(id)).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    Ok(At(position, Tagged(row.sequence, Json(EventBody::of(row, account.at)))))
}
