//! `/health`: whether the process lives, and whether it can do its work. Kafka is no part of that.

use std::time::Duration;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::extract::Query;
use crate::fields::Nothing;
use crate::openapi::Describe as _;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::words::phrases;

/// How long the database may take to say that it is there.
const DATABASE_TIME_LIMIT: Duration = Duration::from_secs(2);

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/health/live", get_with(live, |op| op.named("isLive", "Whether the process lives")))
        .api_route("/health/ready", get_with(ready, |op| op.named("isReady", "Whether the service can do its work")))
}

async fn live(_: Query<Nothing>) -> Json<Health> {
    Json(Health { status: "live" })
}

#[derive(Debug, Serialize, JsonSchema)]
struct Health {
    status: &'static str,
}

async fn ready(State(state): State<AppState>, _: Query<Nothing>) -> Result<Json<Health>, Problem> {
    let asked = sqlx::query("select 1").execute(&state.pool);
    match tokio::time::timeout(DATABASE_TIME_LIMIT, asked).await {
        Ok(Ok(_)) => Ok(Json(Health { status: "ready" })),
        Ok(Err(_)) | Err(_) => Err(Problem::new(Code::Unavailable).detail(phrases::database_away())),
    }
}
