//! `/health`: whether the process lives, and whether it can do its work. Kafka is no part of that.

use std::time::{Duration, Instant};

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use domain::zone::rules;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgPool;
use tokio::sync::Mutex;

use crate::app::build;
use crate::app::i18n::phrases;
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::input::extract::Query;
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// How long the database may take to say that it is there.
const DATABASE_TIME_LIMIT: Duration = Duration::from_secs(2);

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/health/live",
            get_with(live, |op| op.named("isLive", "Whether the process is alive").limits(&[Limit::Health])),
        )
        .api_route(
            "/health/ready",
            get_with(ready, |op| op.named("isReady", "Whether the service is ready").limits(&[Limit::Health])),
        )
}

/// The same routes without the rest of the API, for a process that has none.
#[expect(clippy::disallowed_methods, reason = "they are on a listener of their own, and no part of the API")]
pub(crate) fn plain(pool: PgPool) -> Router {
    let answer = async |State(pool): State<PgPool>| match answers(&pool).await {
        true => (StatusCode::OK, Json(Health::of("ready"))),
        false => (StatusCode::SERVICE_UNAVAILABLE, Json(Health::of("unavailable"))),
    };
    Router::new()
        .route("/health/live", get(async || Json(Health::live())))
        .route("/health/ready", get(answer))
        .with_state(pool)
}

async fn live(_: Query<Nothing>) -> Json<Health> {
    Json(Health::live())
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: &'static str,
    /// The release of the time zone rules in force, by which facts get their local dates.
    time_zone_rules: &'static str,
    /// `off` where the log is published nowhere and no facts are read from Kafka, because the configuration says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    kafka: Option<&'static str>,
    /// The version of the process; in `/health/live` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    /// The commit that it was built from, where the build was told; in `/health/live` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
}

impl Health {
    fn of(status: &'static str) -> Self {
        Self { status, time_zone_rules: rules::in_force().version(), kafka: None, version: None, commit: None }
    }

    fn live() -> Self {
        Self { version: Some(build::VERSION), commit: build::COMMIT, ..Self::of("live") }
    }
}

async fn ready(State(state): State<AppState>, _: Query<Nothing>) -> Result<Json<Health>, Problem> {
    match answers(&state.pool).await {
        true => Ok(Json(Health { kafka: state.kafka_is_off.then_some("off"), ..Health::of("ready") })),
        false => Err(Problem::new(Code::Unavailable).detail(phrases::database_away())),
    }
}

/// How long an answer of the database is good for: nobody is charged for asking, so that many may ask at once.
const BELIEVED_FOR: Duration = Duration::from_millis(250);
/// What the database answered last. Whoever asks meanwhile waits for that.
static LAST: Mutex<Option<(Instant, bool)>> = Mutex::const_new(None);

async fn answers(pool: &PgPool) -> bool {
    let mut last = LAST.lock().await;
    if let Some((_, answered)) = last.filter(|(asked_at, _)| asked_at.elapsed() < BELIEVED_FOR) {
        return answered;
    }
    let asked = sqlx::query("select 1").execute(pool);
    let answered = matches!(tokio::time::timeout(DATABASE_TIME_LIMIT, asked).await, Ok(Ok(_)));
    *last = Some((Instant::now(), answered));
    answered
}
