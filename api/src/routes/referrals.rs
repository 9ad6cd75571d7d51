//! `/referrals`: whom a member brought, and what became of it.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::Moment;
use projections::referral_tally::{self, ReferralFilter, ReferralRow};
use schemars::JsonSchema;
use serde::Serialize;

use super::lists::Page;
use crate::callers::Member;
use crate::extract::Query;
use crate::fields::{Fields, FromFields};
use crate::openapi::Describe as _;
use crate::positions::{At, MinPosition};
use crate::problem::Problem;
use crate::state::AppState;

/// The read model behind this route.
const TALLY: &str = "referral_tally";

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/referrals/me",
        get_with(own, |op| op.named("listOwnReferrals", "Whom the caller brought, newest first")),
    )
}

struct Listing {
    page: Page,
}

impl FromFields for Listing {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { page: Page::read(fields)? })
    }
}

/// Whom the caller brought.
async fn own(
    State(state): State<AppState>,
    member: Member,
    uri: Uri,
    min: MinPosition,
    Query(listing): Query<Listing>,
) -> Result<At<Json<ReferralsBody>>, Problem> {
    let walk = listing.page.of(&uri, member.id)?;
    let position = min.reached_by(&[TALLY], &state).await?;
    let filter = ReferralFilter { inviter: Some(member.id), status: None, before: walk.before };
    let mut rows = referral_tally::list(&state.pool, filter, walk.rows()).await?;
    let next = walk.cut(&mut rows, |row| row.created_position);
    let referrals = rows.into_iter().map(ReferralBody::from).collect();
    Ok(At(position, Json(ReferralsBody { referrals, next_cursor: next })))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReferralsBody {
    referrals: Vec<ReferralBody>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReferralBody {
    invitee_id: String,
    status: String,
    created_at: Moment,
    qualified_at: Option<Moment>,
}

impl From<ReferralRow> for ReferralBody {
    fn from(row: ReferralRow) -> Self {
        Self {
            invitee_id: row.invitee_id.to_string(),
            status: row.status,
            created_at: Moment::from(row.created_at),
            qualified_at: row.qualified_at.map(Moment::from),
        }
    }
}
