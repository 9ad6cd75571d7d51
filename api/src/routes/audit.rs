//! `/audit`: what an auditor can hold against the service. The log as it is stored is here; streams and
//! facts as they were, decisions made again and the verification are in the folder beside.

mod as_of;
mod facts;
mod re_evaluation;
mod re_evaluations;
mod streams;
mod verification;

use std::time::{Duration, Instant};

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use domain::Moment;
use projections::log::{Entry, EntryFilter, read_filtered};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sqlx::PgConnection;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Auditor;
use crate::http::input::extract::Query;
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1_000;
/// A page that is looked for by a filter takes about so long at most, so that one that finds little in a long log is
/// answered in time: `nextAfter` says where to go on.
const LOOKED_FOR: Duration = Duration::from_secs(1);
/// How many positions one statement looks through.
const POSITIONS_A_STATEMENT: i64 = 20_000;
/// How many events one statement gives.
const EVENTS_A_STATEMENT: i64 = 250;
/// A page that holds so much is not filled further.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// How long one waits who looks for something while others do.
const TURN_PATIENCE: Duration = Duration::from_secs(2);

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/audit/log",
            get_with(log, |op| op.named("readLog", "The log, in order").refuses(&[Code::Overloaded])),
        )
        .api_route(
            "/audit/streams/{type}/{id}",
            get_with(streams::state, |op| op.named("readStream", "The state of one stream as of a position")),
        )
        .api_route(
            "/audit/members/{id}/facts",
            get_with(facts::facts, |op| {
                op.named("readFacts", "What a condition would have seen of a member").refuses(&[Code::InvalidCursor])
            }),
        )
        .api_route(
            "/audit/claims/{id}/re-evaluation",
            get_with(re_evaluation::re_evaluate, |op| {
                op.named("reEvaluateClaim", "Judges every attempt of a claim again")
            }),
        )
        .api_route(
            "/audit/re-evaluations",
            post_with(re_evaluations::re_evaluate_all_of, |op| {
                op.named("reEvaluateClaims", "Judges all decisions again")
                    .refuses(&[Code::NotFound, Code::Overloaded])
                    .limits(&[Limit::WholeLog, Limit::AppendsNothing])
            }),
        )
        .api_route(
            "/audit/verification",
            post_with(verification::start, |op| {
                op.named("startVerification", "Starts a verification in the background, unless one is running")
                    .limits(&[Limit::AppendsNothing])
            })
            .get_with(verification::last, |op| {
                op.named("readVerification", "The result of the last verification").refuses(&[Code::NotFound])
            }),
        )
}

struct Slice {
    after: i64,
    limit: i64,
    filter: EntryFilter,
}

impl FromFields for Slice {
    fn read(fields: &mut Fields) -> Option<Self> {
        let after = fields.optional("after", readers::position());
        let limit = fields.optional("limit", readers::digits(1, MAX_LIMIT));
        let event_type = fields.optional("type", readers::text(1, 100));
        let subject = fields.optional("subject", readers::id::<Uuid>());
        let stream_type = fields.optional("streamType", readers::text(1, 100));
        let stream_id = fields.optional("streamId", readers::id::<Uuid>());
        let actor = fields.optional("actor", readers::text(1, 100));
        let filter = EntryFilter {
            event_type: event_type?,
            subject: subject?.map(|id| id.to_string()),
            stream_type: stream_type?,
            stream_id: stream_id?.map(|id| id.to_string()),
            // ids are stored in lower case, and so are the names of those who have none
            actor: actor?.map(|actor| actor.to_lowercase()),
        };
        Some(Self { after: after?.unwrap_or(0), limit: limit?.unwrap_or(DEFAULT_LIMIT), filter })
    }
}

/// Searches of the log by a filter: no index helps them, since the log pays for each with every append.
static SEARCHING: Semaphore = Semaphore::const_new(2);

/// The log, in its order.
async fn log(State(state): State<AppState>, _: Auditor, Query(slice): Query<Slice>) -> Result<Json<LogBody>, Problem> {
    let turn = tokio::time::timeout(TURN_PATIENCE, SEARCHING.acquire());
    let _turn = match slice.filter.is_empty() {
        true => None,
        false => Some(turn.await.map_err(|_| Problem::new(Code::Overloaded))?),
    };
    let mut connection = state.heavy_read().await?;
    let head = projections::log::head(&mut connection).await?.position;
    let (entries, next_after) = page(&mut connection, &slice, head).await?;
    drop(connection);
    let events = entries.into_iter().map(EntryBody::try_from).collect::<Result<_, _>>()?;
    Ok(Json(LogBody { events, next_after, head }))
}

/// The events of a page, and where to go on.
async fn page(conn: &mut PgConnection, slice: &Slice, head: i64) -> Result<(Vec<Entry>, Option<i64>), Problem> {
    let (begun, mut entries, mut bytes, mut after) = (Instant::now(), Vec::new(), 0, slice.after);
    let limit = usize::try_from(slice.limit).unwrap_or(usize::MAX);
    // one more than is shown tells whether there is more
    while after < head && entries.len() <= limit && bytes < PAGE_BYTES && begun.elapsed() < LOOKED_FOR {
        let through = head.min(after.saturating_add(POSITIONS_A_STATEMENT));
        let missing = i64::try_from(limit + 1 - entries.len()).unwrap_or(EVENTS_A_STATEMENT).min(EVENTS_A_STATEMENT);
        let found = read_filtered(conn, &slice.filter, after, through, missing).await?;
        let full = i64::try_from(found.len()).is_ok_and(|found| found == missing);
        after = found.last().filter(|_| full).map_or(through, |last| last.position);
        bytes += found.iter().map(|entry| entry.payload.len() + entry.metadata.len()).sum::<usize>();
        entries.extend(found);
    }
    if entries.len() > limit {
        entries.truncate(limit);
        after = entries.last().map_or(after, |last| last.position);
    }
    Ok((entries, Some(after).filter(|after| *after < head)))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LogBody {
    events: Vec<EntryBody>,
    /// Where to go on; null at the end. A page may hold less than was asked for, or nothing, and the next one more.
    next_after: Option<i64>,
    head: i64,
}

/// One event. Payload and metadata are the stored text, byte for byte.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryBody {
    position: i64,
    epoch: i64,
    event_id: String,
    stream_type: String,
    stream_id: String,
    sequence: i64,
    #[serde(rename = "type")]
    event_type: String,
    version: String,
    subject: String,
    #[schemars(with = "Map<String, Value>")]
    payload: Box<RawValue>,
    #[schemars(with = "Map<String, Value>")]
    metadata: Box<RawValue>,
    occurred_at: Moment,
    recorded_at: Moment,
    previous_hash: String,
    hash: String,
}

impl TryFrom<Entry> for EntryBody {
    type Error = Problem;

    fn try_from(entry: Entry) -> Result<Self, Problem> {
        let stored = |text: String| RawValue::from_string(text).map_err(|error| Problem::internal("log", &error));
        Ok(Self {
            position: entry.position,
            epoch: entry.epoch,
            event_id: entry.event_id.to_string(),
            stream_type: entry.aggregate_type,
            stream_id: entry.aggregate_id,
            sequence: entry.sequence,
            event_type: entry.event_type,
            version: entry.event_version,
            subject: entry.subject,
            payload: stored(entry.payload)?,
            metadata: stored(entry.metadata)?,
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            previous_hash: hex::encode(entry.previous_hash),
            hash: hex::encode(entry.hash),
        })
    }
}
