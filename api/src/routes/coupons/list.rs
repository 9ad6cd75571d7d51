//! The coupons of the member who asks, newest first, each as it stands now and with its code.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::id::ClaimId;
use futures::future::try_join_all;
use projections::read_models::coupons;
use schemars::JsonSchema;
use serde::Serialize;

use super::body::{CouponBody, Viewer};
use crate::app::coupons::shown::code_of;
use crate::app::input::fields::{Fields, FromFields};
use crate::app::problem::Problem;
use crate::http::auth::Member;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::state::AppState;
use crate::routes::lists::Page;

/// The read model behind this list.
const COUPONS: &str = "coupons";

pub(super) struct Listing {
    page: Page,
}

impl FromFields for Listing {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { page: Page::read(fields)? })
    }
}

/// One page of coupons.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CouponsPage")]
pub(super) struct List {
    coupons: Vec<CouponBody>,
    next_cursor: Option<String>,
}

/// The caller's coupons.
pub(super) async fn own(
    State(state): State<AppState>,
    member: Member,
    uri: Uri,
    min: MinPosition,
    Query(Listing { page }): Query<Listing>,
) -> Result<At<Json<List>>, Problem> {
    let walk = page.of(&state.keys, &uri, member.id)?;
    let position = min.reached_by(&[COUPONS], &state).await?;
    let mut connection = state.pool.acquire().await?;
    let mut rows = coupons::of_member(&mut connection, member.id, walk.before, walk.rows()).await?;
    drop(connection);
    let next_cursor = walk.cut(&mut rows, |row| row.created_position)?;
    let bodies = rows.iter().map(|row| shown(&state, ClaimId(row.coupon_id), member.at));
    let coupons = try_join_all(bodies).await?.into_iter().flatten().collect();
    Ok(At(position, Json(List { coupons, next_cursor })))
}

/// A coupon as the log has it now: a hold of it may be over that nobody has recorded.
async fn shown(state: &AppState, id: ClaimId, at: domain::Moment) -> Result<Option<CouponBody>, Problem> {
    let (known, code) = tokio::join!(state.ledger.coupon(id), code_of(&state.ledger, &state.code_keys, id));
    let code = code.map_err(|reason| Problem::internal("coupon", &reason))?;
    Ok(known?.map(|known| CouponBody::of(id, &known, at, Viewer::Member).with_code(code.as_ref())))
}
