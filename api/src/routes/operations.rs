//! `/operations`: the state of the service for administrators, and their interventions. Each intervention needs a note,
//! which is recorded with its actor. Nothing is appended to the log.

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use projections::{FollowError, Intervention, InterventionError, InterventionKind, InterventionOutcome, intervene};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::fields::{Broken, Fields, FromFields, Nothing, readers};
use crate::app::operations::intake::{DeskError, Intake, Letters, MOST_PUT_BACK, PutBackOrder, PutBackOutcome};
use crate::app::operations::{self, Operations};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Admin, Caller};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathText, Query};
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/operations",
            get_with(look, |op| op.named("readOperations", "The state of followers, workers and the intake")),
        )
        .api_route(
            "/operations/projections/{name}/retry",
            post_with(retry, |op| {
                op.named("retryProjection", "Retries the events that a follower has stopped at or parked")
                    .limits(&[Limit::AppendsNothing])
                    .refuses(&[Code::NotFound])
            }),
        )
        .api_route(
            "/operations/projections/{name}/skip",
            post_with(skip, |op| {
                op.named("skipEvent", "Skips an event that a follower has stopped at or parked, for ever")
                    .limits(&[Limit::AppendsNothing])
                    .refuses(&[Code::NotFound, Code::StepNotAllowed])
            }),
        )
        .api_route(
            "/operations/dead-letters/retry",
            post_with(put_back, |op| {
                op.named("retryDeadLetters", "Replays dead letters to the topic they came from")
                    .limits(&[Limit::AppendsNothing])
                    .refuses(&[Code::NotFound])
            }),
        )
}

/// The state of everything.
async fn look(
    State(state): State<AppState>,
    _: Admin,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Json<OperationsBody>>, Problem> {
    let head = min.reached_by_log(&state).await?;
    let mut connection = state.heavy_read().await?;
    let operations = operations::look(&mut connection, state.kafka_is_off).await?;
    drop(connection); // nobody holds one and waits for Kafka
    let intake = match &state.intake {
        Some(desk) => Some(desk.look().await?),
        None => None,
    };
    Ok(At(head, Json(OperationsBody { operations, intake })))
}

/// The state of the service.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OperationsStatus")]
struct OperationsBody {
    #[serde(flatten)]
    operations: Operations,
    /// The intake of facts from Kafka; null if none are read.
    intake: Option<Intake>,
}

/// The reason, for the record.
struct Note(String);

impl FromFields for Note {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.required("note", readers::note(1)).map(Self)
    }
}

/// Makes a follower retry every event that it could not process.
async fn retry(
    State(state): State<AppState>,
    admin: Admin,
    PathText(name): PathText,
    _: Query<Nothing>,
    Idempotent(Note(note), _): Idempotent<Note>,
) -> Result<Json<Intervened>, Problem> {
    decide(&state, &admin, &name, InterventionKind::Retry, note, None).await
}

/// The event to skip, and the reason.
struct Skip {
    position: i64,
    note: String,
}

impl FromFields for Skip {
    fn read(fields: &mut Fields) -> Option<Self> {
        let position = fields.required("position", readers::number(1, i64::MAX));
        let note = fields.required("note", readers::note(1));
        Some(Self { position: position?, note: note? })
    }
}

/// Skips the one event that a follower cannot process.
async fn skip(
    State(state): State<AppState>,
    admin: Admin,
    PathText(name): PathText,
    _: Query<Nothing>,
    Idempotent(Skip { position, note }, _): Idempotent<Skip>,
) -> Result<Json<Intervened>, Problem> {
    decide(&state, &admin, &name, InterventionKind::Skip, note, Some(position)).await
}

async fn decide(
    state: &AppState,
    admin: &Caller,
    name: &str,
    step: InterventionKind,
    note: String,
    position: Option<i64>,
) -> Result<Json<Intervened>, Problem> {
    tracing::info!(follower = name, ?step, position, actor = %admin.id, "an intervention was asked for");
    let intervention = Intervention { step, position, reason: note, actor: admin.id.to_string() };
    let done = intervene(&state.pool, name, &intervention).await.map_err(not_done)?;
    Ok(Json(done.into()))
}

fn not_done(error: InterventionError) -> Problem {
    match error {
        InterventionError::Unknown(_) => Problem::new(Code::NotFound),
        InterventionError::Refused(reason) => {
            Problem::new(Code::StepNotAllowed).with("from", "stopped").with("reason", reason)
        }
        InterventionError::Database(error) | InterventionError::Follow(FollowError::Database(error)) => error.into(),
        InterventionError::Follow(error) => {
            tracing::warn!(%error, "an intervention could not be carried out");
            Problem::new(Code::Unavailable)
        }
    }
}

/// The result of an intervention.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InterventionDone")]
struct Intervened {
    /// The events concerned; empty if the follower was no longer in trouble.
    positions: Vec<i64>,
    /// How many parked streams were released.
    released: usize,
    /// Events that still cannot be processed.
    still_in_the_way: Vec<InTheWay>,
}

/// An event that still cannot be processed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventInTheWay")]
struct InTheWay {
    position: i64,
    error: String,
}

impl From<InterventionOutcome> for Intervened {
    fn from(done: InterventionOutcome) -> Self {
        let InterventionOutcome { positions, released, still_in_the_way } = done;
        let still = still_in_the_way.into_iter().map(|(position, error)| InTheWay { position, error });
        Self { positions, released, still_in_the_way: still.collect() }
    }
}

/// The dead letters to replay, and the reason.
struct PutBack {
    letters: Letters,
    again: bool,
    note: String,
}

impl FromFields for PutBack {
    fn read(fields: &mut Fields) -> Option<Self> {
        let offsets = fields.optional("offsets", readers::list(1, MOST_PUT_BACK, readers::number(0, i64::MAX)));
        let partition = fields.optional("partition", readers::number(0, i64::from(i32::MAX)));
        let all = fields.optional("all", readers::boolean());
        let again = fields.optional("again", readers::boolean());
        let note = fields.required("note", readers::note(1));
        let partition = i32::try_from(partition?.unwrap_or(0)).unwrap_or(i32::MAX);
        let letters = match (offsets?, all?.unwrap_or(false)) {
            (Some(offsets), false) => Letters::At { partition, offsets },
            (None, true) => Letters::All,
            (Some(_), true) => {
                fields.report("all", Broken::new("conflict", "must not be there beside `offsets`"));
                return None;
            }
            (None, false) => {
                fields.report("offsets", Broken::new("required", "is required unless `all` is true"));
                return None;
            }
        };
        Some(Self { letters, again: again?.unwrap_or(false), note: note? })
    }
}

/// Replays dead letters, at most 200. `more` says whether to repeat the request.
async fn put_back(
    State(state): State<AppState>,
    admin: Admin,
    _: Query<Nothing>,
    Idempotent(PutBack { letters, again, note }, _): Idempotent<PutBack>,
) -> Result<Json<PutBackOutcome>, Problem> {
    let desk = state.intake.as_ref().ok_or_else(|| Problem::new(Code::NotFound))?;
    tracing::info!(actor = %admin.id, again, "dead letters are put back");
    let order = PutBackOrder { letters, again, reason: Some(note), actor: Some(admin.id.to_string()) };
    desk.put_back(order).await.map(Json).map_err(|error| match error {
        DeskError::Database(error) => error.into(),
        error @ DeskError::Kafka(_) => {
            tracing::warn!(%error, "dead letters could not be put back");
            Problem::new(Code::Unavailable)
        }
    })
}
