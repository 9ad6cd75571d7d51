//! `/referrals`: whom members brought, and what became of it. Members see their own, staff all.

mod void;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::Moment;
use domain::id::MemberId;
use domain::referral::ReferralStatus;
use projections::read_models::referral_tally::{self, ReferralFilter, ReferralRow};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::lists::{Page, Walk};
use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Member, Staff};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The read model behind these routes.
const TALLY: &str = "referral_tally";

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/referrals", get_with(all, |op| op.named("listReferrals", "All referrals, newest first")))
        .api_route(
            "/referrals/me",
            get_with(own, |op| op.named("listOwnReferrals", "The caller's referrals, newest first")),
        )
        .api_route(
            "/referrals/{id}/void",
            post_with(void::void, |op| {
                op.named("voidReferral", "Voids a referral, so that no condition counts it")
                    .limits(&[])
                    .refuses(&[Code::NotFound, Code::StepNotAllowed])
            }),
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
) -> Result<At<Json<Referrals<OwnReferral>>>, Problem> {
    let walk = listing.page.of(&state.keys, &uri, member.id)?;
    let filter = ReferralFilter { inviter: Some(member.id), ..ReferralFilter::default() };
    referrals(&state, walk, min, filter).await
}

struct Filter {
    inviter: Option<MemberId>,
    status: Option<ReferralStatus>,
    page: Page,
}

impl FromFields for Filter {
    fn read(fields: &mut Fields) -> Option<Self> {
        let inviter = fields.optional("inviterId", readers::id::<Uuid>());
        let statuses = ReferralStatus::ALL.map(|status| (status.name(), status));
        let status = fields.optional("status", readers::choice(statuses));
        let page = Page::read(fields);
        Some(Self { inviter: inviter?.map(MemberId), status: status?, page: page? })
    }
}

/// Who brought whom.
async fn all(
    State(state): State<AppState>,
    staff: Staff,
    uri: Uri,
    min: MinPosition,
    Query(filter): Query<Filter>,
) -> Result<At<Json<Referrals<ReferralBody>>>, Problem> {
    let walk = filter.page.of(&state.keys, &uri, staff.id)?;
    let filter = ReferralFilter { inviter: filter.inviter, status: filter.status, before: None };
    referrals(&state, walk, min, filter).await
}

async fn referrals<R: From<ReferralRow>>(
    state: &AppState,
    walk: Walk,
    min: MinPosition,
    filter: ReferralFilter,
) -> Result<At<Json<Referrals<R>>>, Problem> {
    let position = min.reached_by(&[TALLY], state).await?;
    let filter = ReferralFilter { before: walk.before, ..filter };
    let mut rows = referral_tally::list(&state.pool, filter, walk.rows()).await?;
    let next_cursor = walk.cut(&mut rows, |row| row.created_position)?;
    Ok(At(position, Json(Referrals { referrals: rows.into_iter().map(R::from).collect(), next_cursor })))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Referrals<R> {
    referrals: Vec<R>,
    next_cursor: Option<String>,
}

/// A referral as its inviter sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct OwnReferral {
    #[schemars(with = "Uuid")]
    invitee_id: String,
    #[schemars(with = "ReferralStatus")]
    status: String,
    created_at: Moment,
    qualified_at: Option<Moment>,
}

impl From<ReferralRow> for OwnReferral {
    fn from(row: ReferralRow) -> Self {
        Self {
            invitee_id: row.invitee_id.to_string(),
            status: row.status,
            created_at: Moment::from(row.created_at),
            qualified_at: row.qualified_at.map(Moment::from),
        }
    }
}

/// A referral as staff see it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ReferralBody {
    #[schemars(with = "Uuid")]
    invitee_id: String,
    #[schemars(with = "Uuid")]
    inviter_id: String,
    #[schemars(with = "ReferralStatus")]
    status: String,
    created_at: Option<Moment>,
    qualified_at: Option<Moment>,
}

impl From<ReferralRow> for ReferralBody {
    fn from(row: ReferralRow) -> Self {
        Self {
            invitee_id: row.invitee_id.to_string(),
            inviter_id: row.inviter_id.to_string(),
            status: row.status,
            created_at: Some(Moment::from(row.created_at)),
            qualified_at: row.qualified_at.map(Moment::from),
        }
    }
}
