//! `/audit`: what an auditor can hold against the service. The log as it is stored is here; streams
//! as they were, decisions made again and the verification are in the folder beside.

mod checkpoints;
mod re_evaluation;
mod re_evaluations;
mod streams;
mod verification;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use domain::Moment;
use domain::role::Role;
use projections::log::{Entry, EntryFilter, Order};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::app::audit::log_page::{self, LogPage, Slice, Walk};
use crate::app::input::fields::{Broken, Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Auditor;
use crate::http::input::extract::Query;
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;
use crate::routes::member_facts;

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1_000;
/// The role of events that the ledger caused by itself.
const SYSTEM_ROLE: &str = "SYSTEM";

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/audit/log",
            get_with(log, |op| op.named("readLog", "The log, oldest or newest first").refuses(&[Code::Overloaded])),
        )
        .api_route(
            "/audit/streams/{type}/{id}",
            get_with(streams::state, |op| op.named("readStream", "The state of one stream as of a position")),
        )
        .api_route(
            "/audit/members/{id}/facts",
            get_with(member_facts::for_auditors, |op| {
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
            "/audit/checkpoints",
            get_with(checkpoints::checkpoints, |op| {
                op.named("listCheckpoints", "Signed checkpoints of the log, latest first")
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

struct Asked(Slice);

impl FromFields for Asked {
    fn read(fields: &mut Fields) -> Option<Self> {
        let order = fields.optional("order", readers::choice([("asc", Order::Ascending), ("desc", Order::Descending)]));
        let after = fields.optional("after", readers::position());
        let before = fields.optional("before", readers::position());
        let limit = fields.optional("limit", readers::digits(1, MAX_LIMIT));
        let event_type = fields.optional("type", readers::text(1, 100));
        let subject = fields.optional("subject", readers::id::<Uuid>());
        let stream_type = fields.optional("streamType", readers::text(1, 100));
        let stream_id = fields.optional("streamId", readers::id::<Uuid>());
        let actor = fields.optional("actor", readers::text(1, 100));
        let role = fields.optional("role", readers::choice(roles()));
        let walk = match (order?.unwrap_or(Order::Ascending), after?, before?) {
            (Order::Ascending, after, None) => Walk::After(after.unwrap_or(0)),
            (Order::Descending, None, before) => Walk::Before(before.unwrap_or(i64::MAX)),
            (Order::Ascending, _, Some(_)) => return conflict(fields, "before", "order=desc"),
            (Order::Descending, Some(_), _) => return conflict(fields, "after", "order=asc"),
        };
        let filter = EntryFilter {
            event_type: event_type?,
            subject: subject?.map(|id| id.to_string()),
            stream_type: stream_type?,
            stream_id: stream_id?.map(|id| id.to_string()),
            // ids are stored in lower case, and so are the names of those who have none
            actor: actor?.map(|actor| actor.to_lowercase()),
            role: role?.map(str::to_owned),
        };
        Some(Self(Slice { walk, limit: limit?.unwrap_or(DEFAULT_LIMIT), filter }))
    }
}

fn conflict(fields: &mut Fields, field: &'static str, belongs_to: &str) -> Option<Asked> {
    fields.report(field, Broken::new("conflict", format!("must not be there without `{belongs_to}`")));
    None
}

/// The roles in events: those of accounts, and that of the ledger itself.
fn roles() -> impl IntoIterator<Item = (&'static str, &'static str)> {
    Role::ALL.map(Role::name).into_iter().chain([SYSTEM_ROLE]).map(|name| (name, name))
}

/// Reads the log, forwards or backwards.
async fn log(
    State(state): State<AppState>,
    _: Auditor,
    Query(Asked(slice)): Query<Asked>,
) -> Result<Json<LogBody>, Problem> {
    let _turn = log_page::turn(&slice.filter).await?;
    let mut connection = state.heavy_read().await?;
    let LogPage { entries, next, head } = log_page::read(&mut connection, &slice).await?;
    drop(connection);
    let events = entries.into_iter().map(EntryBody::try_from).collect::<Result<_, _>>()?;
    let (next_after, next_before) = match slice.walk {
        Walk::After(_) => (Some(Next(next)), None),
        Walk::Before(_) => (None, Some(Next(next))),
    };
    Ok(Json(LogBody { events, next_after, next_before, head }))
}

/// A page can hold fewer events than requested, or none, and the next page more.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LogBody {
    events: Vec<EntryBody>,
    /// Oldest first: the position to continue after; null at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<Next>,
    /// Newest first: the position to continue before; null at the beginning of the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_before: Option<Next>,
    head: i64,
}

/// The position to continue from; null at the end.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
struct Next(Option<i64>);

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
