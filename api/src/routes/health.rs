//! `/health`: whether the process lives, and whether it can do its work. Kafka is no part of that.

use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::extract::Query;
use crate::fields::Nothing;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::words::phrases;

/// How long the database may take to say that it is there.
const DATABASE_TIME_LIMIT: Duration = Duration::from_secs(2);

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/health/live", get(live)).route("/health/ready", get(ready))
}

async fn live(_: Query<Nothing>) -> Json<Value> {
    Json(json!({"status": "live"}))
}

async fn ready(State(state): State<AppState>, _: Query<Nothing>) -> Result<Json<Value>, Problem> {
    let asked = sqlx::query("select 1").execute(&state.pool);
    match tokio::time::timeout(DATABASE_TIME_LIMIT, asked).await {
        Ok(Ok(_)) => Ok(Json(json!({"status": "ready"}))),
        Ok(Err(_)) | Err(_) => Err(Problem::new(Code::Unavailable).detail(phrases::database_away())),
    }
}
