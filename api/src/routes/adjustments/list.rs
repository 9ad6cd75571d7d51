//! The list of adjustments for staff: those that wait, or all.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::Moment;
use domain::adjustment::AdjustmentStatus;
use domain::id::MemberId;
use projections::read_models::adjustments::{self, AdjustmentFilter, AdjustmentRow};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::Problem;
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::state::AppState;
use crate::routes::lists::Page;

/// The read model behind this list.
const ADJUSTMENTS: &str = "adjustments";

/// Which adjustments.
pub(super) struct Filter {
    member: Option<MemberId>,
    status: Option<AdjustmentStatus>,
    page: Page,
}

impl FromFields for Filter {
    fn read(fields: &mut Fields) -> Option<Self> {
        let member = fields.optional("memberId", readers::id::<Uuid>());
        let statuses = AdjustmentStatus::ALL.map(|status| (status.name(), status));
        let status = fields.optional("status", readers::choice(statuses));
        let page = Page::read(fields);
        Some(Self { member: member?.map(MemberId), status: status?, page: page? })
    }
}

/// All adjustments.
pub(super) async fn all(
    State(state): State<AppState>,
    staff: Staff,
    uri: Uri,
    min: MinPosition,
    Query(filter): Query<Filter>,
) -> Result<At<Json<List>>, Problem> {
    let walk = filter.page.of(&state.keys, &uri, staff.id)?;
    let position = min.reached_by(&[ADJUSTMENTS], &state).await?;
    let wanted = AdjustmentFilter { member: filter.member, status: filter.status, before: walk.before };
    let mut connection = state.pool.acquire().await?;
    let mut rows = adjustments::list(&mut connection, wanted, walk.rows()).await?;
    let next_cursor = walk.cut(&mut rows, |row| row.created_position)?;
    Ok(At(position, Json(List { adjustments: rows.into_iter().map(Line::from).collect(), next_cursor })))
}

/// One page of adjustments.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AdjustmentsPage")]
pub(super) struct List {
    adjustments: Vec<Line>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ListedAdjustment")]
struct Line {
    id: Uuid,
    #[schemars(with = "AdjustmentStatus")]
    status: String,
    member_id: Uuid,
    unit: String,
    amount: i64,
    operator_id: Uuid,
    note: String,
    expires_at: Option<Moment>,
    decided_by: Option<Uuid>,
    decision_note: Option<String>,
    position: i64,
    /// For `If-Match`, in quotation marks.
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl From<AdjustmentRow> for Line {
    fn from(row: AdjustmentRow) -> Self {
        Self {
            id: row.adjustment_id,
            status: row.status,
            member_id: row.member_id,
            unit: row.unit,
            amount: row.amount,
            operator_id: row.operator_id,
            note: row.note,
            expires_at: row.expires_at.map(Moment::from),
            decided_by: row.decided_by,
            decision_note: row.decision_note,
            position: row.position,
            version: row.sequence,
            created_at: Moment::from(row.created_at),
            updated_at: Moment::from(row.updated_at),
        }
    }
}
