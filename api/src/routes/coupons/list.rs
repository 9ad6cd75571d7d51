//! The coupons of the member who asks, newest first, each with its code, as it stands now or stood then.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::id::ClaimId;
use futures::future::try_join_all;
use projections::read_models::coupons;
use schemars::JsonSchema;
use serde::Serialize;

use super::body::{CouponBody, Viewer};
use super::then::Asked;
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
    asked: Asked,
    page: Page,
}

impl FromFields for Listing {
    fn read(fields: &mut Fields) -> Option<Self> {
        let asked = Asked::read(fields);
        let page = Page::read(fields);
        Some(Self { asked: asked?, page: page? })
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
    Query(Listing { asked, page }): Query<Listing>,
) -> Result<At<Json<List>>, Problem> {
    let walk = page.of(&state.keys, &uri, member.id)?;
    let then = asked.then(&state, member.at).await?;
    let folded = min.and(then.map_or(0, |then| then.position)).reached_by(&[COUPONS], &state).await?;
    let position = then.map_or(folded, |then| then.position);
    let before = then.map(|then| then.position + 1).into_iter().chain(walk.before).min();
    let mut connection = state.pool.acquire().await?;
    let mut rows = coupons::of_member(&mut connection, member.id, before, walk.rows()).await?;
    drop(connection);
    let next_cursor = walk.cut(&mut rows, |row| row.created_position)?;
    let ids: Vec<ClaimId> = rows.iter().map(|row| ClaimId(row.coupon_id)).collect();
    let bodies: Vec<CouponBody> = match then {
        Some(then) => then.coupons(&state, &ids).await?.into_iter().map(|(_, body)| body).collect(),
        None => try_join_all(ids.iter().map(|id| now(&state, *id, member.at))).await?.into_iter().flatten().collect(),
    };
    let coupons = try_join_all(bodies.into_iter().map(|body| with_code(&state, body))).await?;
    Ok(At(position, Json(List { coupons, next_cursor })))
}

/// A coupon as the log has it now: a hold of it may be over that nobody has recorded.
async fn now(state: &AppState, id: ClaimId, at: domain::Moment) -> Result<Option<CouponBody>, Problem> {
    let known = state.ledger.coupon(id).await?;
    Ok(known.map(|known| CouponBody::of(id, &known, at, Viewer::Member)))
}

async fn with_code(state: &AppState, body: CouponBody) -> Result<CouponBody, Problem> {
    let code = code_of(&state.ledger, &state.code_keys, body.id()).await;
    Ok(body.with_code(code.map_err(|reason| Problem::internal("coupon", &reason))?.as_ref()))
}
