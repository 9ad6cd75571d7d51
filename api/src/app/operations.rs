//! How the inside of the service is doing, for administrators: what follows the log, the workers, facts from Kafka, and
//! what was decided about those in trouble. Everything is bounded: how far a lag is counted, how many of each are named,
//! how long Kafka may take. What is done about it is done by `projections::intervene` and the intake's own desk.

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

/// How far a lag is counted by what concerns the follower; beyond that each event counts.
const COUNTED_EVENTS: i64 = 100_000;
/// How many parked streams are named, for each follower.
const NAMED_STREAMS: i64 = 20;
/// How many workers are named.
const NAMED_WORKERS: i64 = 200;
/// How many interventions are named.
const NAMED_INTERVENTIONS: i64 = 20;

/// How what follows the log is doing.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operations {
    /// Every projection.
    pub projections: Vec<FollowerStatus>,
    /// Followers that are neither a projection nor the relay.
    pub reactors: Vec<FollowerStatus>,
    /// What publishes the log to Kafka.
    pub relay: FollowerStatus,
    /// Processes that fold projections from Kafka.
    pub workers: Vec<Worker>,
    /// What was decided about followers in trouble, the latest first.
    pub interventions: Vec<Intervened>,
}

/// How one follower is doing.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FollowerStatus {
    /// The follower.
    pub name: String,
    /// Of its logic; 0 when it has never run.
    pub version: i32,
    /// Up to which it has taken the log in.
    pub position: i64,
    /// How many events that concern it are still to come; beyond 100,000 events, all of them.
    pub lag_events: i64,
    /// How long the earliest of them has been in the log, in milliseconds.
    pub lag_ms: i64,
    /// `following`, `parked` (it leaves streams aside), `stopped` (it waits for somebody to decide), `rebuilding`, `off`
    /// (the configuration says that it does not run).
    pub state: &'static str,
    /// What it stopped at.
    pub stopped: Option<Stopped>,
    /// How many streams it leaves aside …
    pub parked_streams: i64,
    /// … and the first 20 of them.
    pub parked: Vec<Parked>,
    /// Its partitions, where workers feed it.
    pub partitions: Vec<Partition>,
}

/// The event that a follower stopped at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Stopped {
    /// Where it stands in the log.
    pub position: i64,
    /// What is wrong with it.
    pub error: String,
}

/// A stream that a follower leaves aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ParkedStream")]
pub struct Parked {
    /// Its type …
    pub stream_type: String,
    /// … and id.
    pub stream_id: String,
    /// The event that could not be taken in.
    pub position: i64,
    /// What is wrong with it.
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
    /// Every event of it up to here is folded.
    pub position: i64,
    /// How many events of it that concern the projection are still to come.
    pub lag_events: i64,
    /// Whether a worker looks after it.
    pub attended: bool,
}

/// What one worker looks after of one projection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    /// The worker; another one after each start.
    pub worker: String,
    /// The projection it feeds.
    pub projection: String,
    /// The partitions it owns.
    pub partitions: Vec<i32>,
    /// Until when it looks after them, unless it says so again.
    pub attended_until: Moment,
    /// Whether that is still to come.
    pub attended: bool,
}

/// What was decided about an event in the way of a follower.
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
    /// By whom: an account, or who used the command line.
    pub actor: String,
    /// When.
    pub at: Moment,
}

/// Looks.
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
