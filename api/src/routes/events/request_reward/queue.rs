//! `GET /reward-requests/queue` and `GET /reward-requests/{id}`: claims with everything that their decision needs
//! (`app::approvals`). The route that decides claims is in the parent module.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use chrono::DateTime;
use domain::id::{CampaignId, ClaimId};
use projections::read_models::claim_history::QueuePlace;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::approvals::{self, QueuePart, WaitingClaim};
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Operator;
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::cursor::Binding;
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;
use crate::routes::claim_list::READ;
use crate::routes::lists::Page;

/// The part of the queue that is requested.
pub(super) struct Part {
    campaign: Option<CampaignId>,
    page: Page,
}

impl FromFields for Part {
    fn read(fields: &mut Fields) -> Option<Self> {
        let campaign = fields.optional("eventId", readers::id::<Uuid>());
        let page = Page::read(fields);
        Some(Self { campaign: campaign?.map(CampaignId), page: page? })
    }
}

/// The claims that wait for a decision.
pub(super) async fn queue(
    State(state): State<AppState>,
    operator: Operator,
    uri: Uri,
    min: MinPosition,
    Query(Part { campaign, page }): Query<Part>,
) -> Result<At<Json<Queue>>, Problem> {
    let binding = Binding::of(&state.keys, &uri, operator.id);
    let (limit, after) = page.opened(&binding)?;
    let after = after.map(|place| opened(&place)).transpose()?;
    let position = min.reached_by(&READ, &state).await?;
    let part = QueuePart { campaign, after, limit };
    let mut connection = state.pool.acquire().await?;
    let approvals::Queue { claims, total, next } =
        approvals::queue(&mut connection, part, operator.at, operator.id).await?;
    let next_cursor = next.map(|place| binding.seal(sealed(place).as_bytes())).transpose()?;
    Ok(At(position, Json(Queue { claims, total, next_cursor })))
}

/// One claim, with the entity tag for its decision.
pub(super) async fn one(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<Tagged<At<Json<One>>>, Problem> {
    let position = min.reached_by(&READ, &state).await?;
    let claim = approvals::one(&mut *state.pool.acquire().await?, ClaimId(id), operator.id).await?;
    let claim = claim.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    Ok(Tagged(claim.sequence, At(position, Json(One { claim }))))
}

/// A part of the queue.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ClaimsToDecide")]
pub(super) struct Queue {
    /// Those that expire first come first.
    claims: Vec<WaitingClaim>,
    /// How many wait under this filter; counted up to 100,000.
    total: i64,
    next_cursor: Option<String>,
}

/// One claim.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OneClaimToDecide")]
pub(super) struct One {
    claim: WaitingClaim,
}

fn sealed(place: QueuePlace) -> String {
    format!("{} {}", place.expires_at.timestamp_millis(), place.created_position)
}

fn opened(bytes: &[u8]) -> Result<QueuePlace, Problem> {
    let read = || {
        let (expires_at, created_position) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
        let expires_at = DateTime::from_timestamp_millis(expires_at.parse().ok()?)?;
        Some(QueuePlace { expires_at, created_position: created_position.parse().ok()? })
    };
    read().ok_or_else(|| Problem::new(Code::InvalidCursor))
}
