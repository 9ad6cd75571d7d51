//! The state of the service for administrators: followers of the log, workers, the intake from Kafka, and earlier
//! interventions. Everything is bounded: how far a lag is counted, how many items are listed, how long Kafka may take.
//! `projections::intervene` and the intake's desk act on it.

pub mod intake;

use chrono::{DateTime, Utc};
use domain::Moment;
use projections::kafka::relay;
use projections::upkeep;
use projections::upkeep::status::{self, ParkedStream, Status, WorkerStatus};

use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;

use crate::app::problem::Problem;

/// Up to this lag, only the events that concern the follower are counted; beyond it, all events.
const COUNTED_EVENTS: i64 = 100_000;
/// How many parked streams are listed for each follower.
const NAMED_STREAMS: i64 = 20;
/// How many workers are listed.
const NAMED_WORKERS: i64 = 200;
/// How many interventions are listed.
const NAMED_INTERVENTIONS: i64 = 20;

/// The state of everything that follows the log.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operations {
    /// Every projection.
    pub projections: Vec<FollowerStatus>,
    /// Followers that are neither a projection nor the relay.
    pub reactors: Vec<FollowerStatus>,
    /// The relay, which publishes the log to Kafka.
    pub relay: FollowerStatus,
    /// Processes that fold projections from Kafka.
    pub workers: Vec<Worker>,
    /// The interventions for followers in trouble, latest first.
    pub interventions: Vec<Intervened>,
}

/// The state of a follower.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FollowerStatus {
    /// The follower.
    pub name: String,
    /// The version of its logic; 0 if it has never run.
    pub version: i32,
    /// The position up to which it has processed the log.
    pub position: i64,
    /// How many events that concern it it has yet to process; beyond 100,000 events, all events.
    pub lag_events: i64,
    /// The age of the earliest of them, in milliseconds.
    pub lag_ms: i64,
    /// `following`, `parked` (it has parked streams), `stopped` (it needs an intervention), `rebuilding`, `off` (the
    /// configuration turns it off).
    pub state: &'static str,
    /// The event that it stopped at.
    pub stopped: Option<Stopped>,
    /// How many streams it has parked …
    pub parked_streams: i64,
    /// … and the first 20 of them.
    pub parked: Vec<Parked>,
    /// Its partitions, where workers feed it.
    pub partitions: Vec<Partition>,
}

/// The event that a follower stopped at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stopped {
    /// Its position.
    pub position: i64,
    /// The error.
    pub error: String,
}

/// A stream that a follower has parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ParkedStream")]
pub struct Parked {
    /// Its type …
    pub stream_type: String,
    /// … and id.
    pub stream_id: String,
    /// The event that could not be processed.
    pub position: i64,
    /// The error.
    pub error: String,
    /// Since when.
    pub at: Moment,
}

/// A partition of a projection that workers feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WorkerPartition")]
pub struct Partition {
    /// Which.
    pub partition: i32,
    /// Its events are folded up to this position.
    pub position: i64,
    /// How many of its events that concern the projection are not folded yet.
    pub lag_events: i64,
    /// Whether a worker holds it.
    pub attended: bool,
}

/// The partitions of one projection that a worker holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// The id of the worker, new at each start.
    pub worker: String,
    /// The projection it feeds.
    pub projection: String,
    /// The partitions it owns.
    pub partitions: Vec<i32>,
    /// The end of its lease, unless it is renewed.
    pub attended_until: Moment,
    /// Whether the lease is still valid.
    pub attended: bool,
}

/// An intervention for an event that a follower could not process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "InterventionMade")]
pub struct Intervened {
    /// The follower.
    pub follower: String,
    /// `retry` or `skip`.
    pub step: String,
    /// The event.
    pub position: i64,
    /// Why.
    pub note: String,
    /// The actor: an account, or the user of the command line.
    pub actor: String,
    /// When.
    pub at: Moment,
}

/// Reads the state.
///
/// # Errors
/// The database's.
pub async fn look(conn: &mut PgConnection, is_published_nowhere: bool) -> Result<Operations, Problem> {
    let known = status::projections_within(conn, COUNTED_EVENTS).await?;
    let mut others = status::other_followers_within(conn, COUNTED_EVENTS).await?;
    match is_published_nowhere {
        true => status::switch_off(&mut others, relay::NAME),
        false if others.iter().all(|other| other.name != relay::NAME) => others.push(status::never_run(relay::NAME)),
        false => {}
    }
    let (mut relays, mut reactors) = (Vec::new(), Vec::new());
    for other in others {
        let is_relay = other.name == relay::NAME;
        let told = told(conn, other).await?;
        if is_relay { relays.push(told) } else { reactors.push(told) }
    }
    let mut projections = Vec::with_capacity(known.len());
    for one in known {
        projections.push(told(conn, one).await?);
    }
    let workers = status::workers(conn, NAMED_WORKERS).await?.into_iter().map(Worker::from).collect();
    let interventions = upkeep::intervention::latest(conn, NAMED_INTERVENTIONS).await?;
    let interventions = interventions.into_iter().map(Intervened::from).collect();
    let relay = relays.pop().ok_or_else(|| Problem::internal("operations", &"there is no relay"))?;
    Ok(Operations { projections, reactors, relay, workers, interventions })
}

async fn told(conn: &mut PgConnection, status: Status) -> sqlx::Result<FollowerStatus> {
    let parked = match status.parked_streams {
        0 => Vec::new(),
        _ => status::parked(conn, &status.name, NAMED_STREAMS).await?,
    };
    Ok(FollowerStatus {
        name: status.name,
        version: status.version,
        position: status.position,
        lag_events: status.lag_events,
        #[expect(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
        lag_ms: (status.lag_seconds * 1_000.0) as i64,
        state: status.state,
        stopped: status.trouble.map(|trouble| Stopped { position: trouble.position, error: trouble.reason }),
        parked_streams: status.parked_streams,
        parked: parked.into_iter().map(Parked::from).collect(),
        partitions: status
            .partitions
            .into_iter()
            .map(|one| Partition {
                partition: one.partition,
                position: one.position,
                lag_events: one.lag_events,
                attended: one.attended,
            })
            .collect(),
    })
}

fn moment(at: DateTime<Utc>) -> Moment {
    Moment::from(at)
}

impl From<ParkedStream> for Parked {
    fn from(parked: ParkedStream) -> Self {
        let ParkedStream { stream_type, stream_id, position, reason, parked_at } = parked;
        Self { stream_type, stream_id, position, error: reason, at: moment(parked_at) }
    }
}

impl From<WorkerStatus> for Worker {
    fn from(worker: WorkerStatus) -> Self {
        let WorkerStatus { owner, follower, partitions, attended_until, attended } = worker;
        let (worker, attended_until) = (owner.to_string(), moment(attended_until));
        Self { worker, projection: follower, partitions, attended_until, attended }
    }
}

impl From<upkeep::intervention::Made> for Intervened {
    fn from(made: upkeep::intervention::Made) -> Self {
        let upkeep::intervention::Made { follower, step, position, reason, actor, at } = made;
        Self { follower, step, position, note: reason, actor, at: moment(at) }
    }
}
