//! `/events`: promotional events, created and changed by operators, read by everybody who has an
//! account. What is said of an event is in `fields`, how it is shown in `answer`, changes in `change`.

mod answer;
mod change;
mod fields;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use commands::Receipt;
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand, CampaignStatus, Draft};
use domain::id::CampaignId;
use projections::campaign_catalogue;
use serde::Serialize;
use uuid::Uuid;

use super::lists::Page;
use crate::callers::{Account, Operator};
use crate::etag::Tagged;
use crate::extract::{PathId, Query};
use crate::fields::{Fields, FromFields, Nothing, readers};
use crate::once::Once;
use crate::positions::{At, MinPosition, Written};
use crate::problem::{Code, Problem};
use crate::state::AppState;
use answer::EventBody;

pub(super) use fields::grant_limit;

/// The read model behind these routes.
const CATALOGUE: &str = "campaign_catalogue";

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/events", post(create).get(list))
        .route("/events/{id}", get(one).patch(change::revise))
        .route("/events/{id}/pause", post(change::pause))
        .route("/events/{id}/resume", post(change::resume))
        .route("/events/{id}/end", post(change::end))
}

type Created = Written<Tagged<(StatusCode, Json<EventBody>)>>;

/// Creates an event.
async fn create(
    State(state): State<AppState>,
    operator: Operator,
    _: Query<Nothing>,
    Once(draft, key): Once<Draft>,
) -> Result<Created, Problem> {
    let id = CampaignId(Uuid::now_v7());
    let command = CampaignCommand::Create { draft: Box::new(draft), at: operator.at };
    let answer = move |receipt: &Receipt<Campaign>| created(receipt, operator.at);
    key.execute(&state.ledger, &id.to_string(), command, &operator.metadata(), answer).await?
}

fn created(receipt: &Receipt<Campaign>, now: Moment) -> Result<Created, Problem> {
    let body = EventBody::after(receipt, now).ok_or_else(|| Problem::internal("event", &"it was not made"))?;
    Ok(Written::by(receipt, Tagged(receipt.sequence, (StatusCode::CREATED, Json(body)))))
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
    let walk = filter.page.of(&uri, account.id)?;
    let position = min.reached_by(&[CATALOGUE], &state).await?;
    let now = account.at.utc();
    let mut rows = campaign_catalogue::campaigns(&state.pool, filter.status, now, walk.before, walk.rows()).await?;
    let next = walk.cut(&mut rows, |row| row.created_position);
    let events: Vec<_> = rows.into_iter().map(|row| EventBody::of(row, account.at)).collect();
    Ok(At(position, Json(EventsBody { events, next_cursor: next })))
}

#[derive(Debug, Serialize)]
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
