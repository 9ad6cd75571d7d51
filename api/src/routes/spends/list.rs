//! The list of payments for staff. From which lots they were paid is said of one payment alone.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::Moment;
use domain::id::MemberId;
use domain::spend::SpendStatus;
use projections::read_models::spends::{self, SpendFilter, SpendRow};
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
const SPENDS: &str = "spends";

/// Which payments.
pub(super) struct Filter {
    member: Option<MemberId>,
    status: Option<SpendStatus>,
    page: Page,
}

impl FromFields for Filter {
    fn read(fields: &mut Fields) -> Option<Self> {
        let member = fields.optional("memberId", readers::id::<Uuid>());
        let statuses = SpendStatus::ALL.map(|status| (status.name(), status));
        let status = fields.optional("status", readers::choice(statuses));
        let page = Page::read(fields);
        Some(Self { member: member?.map(MemberId), status: status?, page: page? })
    }
}

/// All payments.
pub(super) async fn all(
    State(state): State<AppState>,
    staff: Staff,
    uri: Uri,
    min: MinPosition,
    Query(filter): Query<Filter>,
) -> Result<At<Json<List>>, Problem> {
    let walk = filter.page.of(&state.keys, &uri, staff.id)?;
    let position = min.reached_by(&[SPENDS], &state).await?;
    let wanted = SpendFilter { member: filter.member, status: filter.status, before: walk.before };
    let mut connection = state.pool.acquire().await?;
    let mut rows = spends::list(&mut connection, wanted, staff.at.utc(), walk.rows()).await?;
    let next_cursor = walk.cut(&mut rows, |row| row.created_position)?;
    let spends = rows.into_iter().map(|row| Line::of(row, staff.at)).collect();
    Ok(At(position, Json(List { spends, next_cursor })))
}

/// One page of payments.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SpendsPage")]
pub(super) struct List {
    spends: Vec<Line>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ListedSpend")]
struct Line {
    #[schemars(with = "Uuid")]
    id: String,
    #[schemars(with = "SpendStatus")]
    status: String,
    reference: String,
    #[schemars(with = "Uuid")]
    member_id: String,
    #[schemars(with = "Uuid")]
    caller_id: String,
    unit: String,
    amount: i64,
    captured: i64,
    refunded: i64,
    expires_at: Option<Moment>,
    position: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl Line {
    /// The payment as it stands at a moment.
    fn of(row: SpendRow, at: Moment) -> Self {
        Self {
            id: row.spend_id.to_string(),
            status: row.status_at(at.utc()).to_owned(),
            reference: row.reference,
            member_id: row.member_id.to_string(),
            caller_id: row.caller_id.to_string(),
            unit: row.unit,
            amount: row.amount,
            captured: row.captured,
            refunded: row.refunded,
            expires_at: row.expires_at.map(Moment::from),
            position: row.position,
            created_at: Moment::from(row.created_at),
            updated_at: Moment::from(row.updated_at),
        }
    }
}
