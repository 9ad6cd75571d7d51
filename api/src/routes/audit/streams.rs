//! `GET /audit/streams/{type}/{id}`: the state of one stream as it was.

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use projections::audit::{AsOf, STREAM_TYPES, StreamAsOf, state_of};

use super::as_of;
use crate::callers::Auditor;
use crate::extract::Query;
use crate::fields::readers::parse_id;
use crate::fields::{Fields, FromFields};
use crate::positions::{At, MinPosition};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// When it is asked about.
pub(super) struct When(AsOf);

impl FromFields for When {
    fn read(fields: &mut Fields) -> Option<Self> {
        as_of::read(fields).map(Self)
    }
}

/// Folds one stream.
pub(super) async fn state(
    State(state): State<AppState>,
    auditor: Auditor,
    path: Result<Path<(String, String)>, PathRejection>,
    min: MinPosition,
    Query(When(when)): Query<When>,
) -> Result<At<Json<StreamAsOf>>, Problem> {
    let nothing = || Problem::new(Code::NotFound);
    let Path((stream_type, id)) = path.map_err(|_| nothing())?;
    let id = parse_id(&id).ok_or_else(nothing)?;
    if !STREAM_TYPES.contains(&stream_type.as_str()) {
        return Err(nothing());
    }
    let mut connection = state.pool.acquire().await?;
    let head = min.within(projections::log::head(&mut connection).await?.position)?;
    let (position, at) = as_of::position(&mut connection, when, auditor.at).await?;
    let found = state_of(&mut connection, &stream_type, &id.to_string(), position, at).await?;
    Ok(At(head.max(position), Json(found.ok_or_else(nothing)?)))
}
