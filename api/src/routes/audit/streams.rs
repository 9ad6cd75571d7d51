//! `GET /audit/streams/{type}/{id}`: the state of one stream as it was, and what has changed in it since another moment.

use axum::Json;
use axum::extract::Path;
use axum::extract::State;
use axum::extract::rejection::PathRejection;
use domain::value::UnitCode;
use projections::audit::{AsOf, STREAM_TYPES, StreamAsOf, is_named_by_code, state_of};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::as_of::{AT, SINCE};
use crate::app::audit::changes::{Changed, changes};
use crate::app::input::fields::readers::parse_id;
use crate::app::input::fields::{Fields, FromFields};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Auditor;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::state::AppState;

/// When it is asked about, and with what it is compared.
pub(super) struct When {
    at: AsOf,
    since: Option<AsOf>,
}

impl FromFields for When {
    fn read(fields: &mut Fields) -> Option<Self> {
        let (at, since) = (AT.read(fields), SINCE.read(fields));
        Some(Self { at: at?.unwrap_or_default(), since: since? })
    }
}

/// A stream as it was.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StreamAnswer")]
pub(super) struct StreamBody {
    #[serde(flatten)]
    now: StreamAsOf,
    /// What has changed since `sincePosition` or `sinceTime`, where one of them is asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Difference>,
}

/// What has changed in a stream.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StreamDifference")]
struct Difference {
    /// As it was before; null where there was nothing.
    from: Option<StreamAsOf>,
    /// The parts of `state` that are others now.
    changed: Vec<Changed>,
}

/// Folds one stream, twice where a difference is asked for.
pub(super) async fn state(
    State(state): State<AppState>,
    auditor: Auditor,
    path: Result<Path<(String, String)>, PathRejection>,
    min: MinPosition,
    Query(when): Query<When>,
) -> Result<At<Json<StreamBody>>, Problem> {
    let nothing = || Problem::new(Code::NotFound);
    let Path((stream_type, id)) = path.map_err(|_| nothing())?;
    let id = if is_named_by_code(&stream_type) {
        UnitCode::try_from(id).map_err(|_| nothing())?.as_str().to_owned()
    } else {
        parse_id(&id).ok_or_else(nothing)?.to_string()
    };
    if !STREAM_TYPES.contains(&stream_type.as_str()) {
        return Err(nothing());
    }
    let head = min.reached_by_log(&state).await?;
    let mut connection = state.heavy_read().await?;
    let (position, at) = AT.resolve(&mut connection, when.at, auditor.at).await?;
    let now = state_of(&mut connection, &stream_type, &id, position, at).await?.ok_or_else(nothing)?;
    let difference = match when.since {
        None => None,
        Some(since) => {
            let (since, then) = SINCE.resolve(&mut connection, since, auditor.at).await?;
            let from = state_of(&mut connection, &stream_type, &id, since, then).await?;
            let changed = changes(from.as_ref().map(|from| &from.state), &now.state);
            let changed = changed.map_err(|error| Problem::internal("stream", &error))?;
            Some(Difference { from, changed })
        }
    };
    Ok(At(head.max(position), Json(StreamBody { now, difference })))
}
