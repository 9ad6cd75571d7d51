//! `GET /audit/checkpoints`: the stored signed checkpoints, latest first.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::audit::checkpoints::{KeptCheckpoint, list};
use crate::app::input::fields::{Fields, FromFields};
use crate::app::problem::Problem;
use crate::http::auth::Auditor;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::state::AppState;
use crate::routes::lists::Page;

pub(super) struct Asked(Page);

impl FromFields for Asked {
    fn read(fields: &mut Fields) -> Option<Self> {
        Page::read(fields).map(Self)
    }
}

/// Lists the stored checkpoints.
pub(super) async fn checkpoints(
    State(state): State<AppState>,
    auditor: Auditor,
    uri: Uri,
    min: MinPosition,
    Query(Asked(page)): Query<Asked>,
) -> Result<At<Json<List>>, Problem> {
    let walk = page.of(&state.keys, &uri, auditor.id)?;
    let head = min.reached_by_log(&state).await?;
    let mut checkpoints = list(&mut *state.pool.acquire().await?, walk.before, walk.rows()).await?;
    let next_cursor = walk.cut(&mut checkpoints, |checkpoint| checkpoint.number)?;
    Ok(At(head, Json(List { checkpoints, verifier_key: state.checkpoints.verifier_key(), next_cursor })))
}

/// A page of checkpoints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CheckpointsPage")]
pub(super) struct List {
    checkpoints: Vec<KeptCheckpoint>,
    /// The public key of this service's checkpoints, in the format that verifiers of signed notes use.
    verifier_key: String,
    next_cursor: Option<String>,
}
