//! `/audit/verification`: a run is started in the background, one at a time over all instances, and its
//! result stays until the next one. It looks at the topic as well, where a broker is named. Before the
//! first run there is nothing: 404. While one runs, the answer has `finishedAt: null`; one whose process
//! died is told so.

use axum::Json;
use axum::extract::State;
use domain::Moment;
use projections::audit::{Check, Tree, Verification};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use crate::app::audit::verification::verify;
use crate::app::clock;
use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::auth::Auditor;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::Query;
use crate::http::openapi::Accepted;
use crate::http::state::AppState;

/// A lock of the whole database for one programme.
const LOCK: &str = "hashtextextended('reward-ledger verification ' || current_schema(), 0)";

/// The run of this process. Whoever wants another one meanwhile is shown this one, and takes no connection for it.
static RUNNING: Semaphore = Semaphore::const_new(1);
/// Whoever starts one: the next sees it, also when many want to. Who finds one running asks the database nothing here.
static STARTING: Mutex<()> = Mutex::const_new(());

/// Starts a run, unless one is under way.
pub(super) async fn start(
    State(state): State<AppState>,
    _: Auditor,
    _: Query<Nothing>,
    Idempotent(Nothing, _): Idempotent<Nothing>,
) -> Result<At<Accepted<Verification>>, Problem> {
    let starting = STARTING.lock().await;
    if let Ok(run_of_ours) = RUNNING.try_acquire() {
        // held as long as this connection lives, so that a process that dies lets go of it
        let mut turn = state.whole_log.connect_options().connect().await?;
        let ours = format!("select pg_try_advisory_lock({LOCK})");
        let ours: bool = sqlx::query_scalar(&ours).fetch_one(&mut turn).await?;
        if ours {
            let position = projections::log::head(&mut turn).await?.position;
            let begun = begun(position, clock::now());
            keep(&mut turn, &begun).await?;
            tokio::spawn(run(state.clone(), turn, begun, run_of_ours));
        }
    }
    drop(starting);
    let result = stored(&mut *state.pool.acquire().await?).await?;
    let result = result.ok_or_else(|| Problem::new(Code::Unavailable))?;
    Ok(At(result.position, Accepted(result)))
}

/// A run that has looked at nothing yet.
fn begun(position: i64, started_at: Moment) -> Verification {
    Verification { position, started_at, finished_at: None, checks: vec![], left_out: vec![], not_looked_at: vec![] }
}

async fn run(state: AppState, mut turn: PgConnection, begun: Verification, _run_of_ours: SemaphorePermit<'static>) {
    let verified = match verify(&state.whole_log, state.topic.as_ref(), Some(&*state.code_keys), &mut |_, _| {}).await {
        Ok((verified, in_the_way)) => {
            if let Some(reason) = in_the_way {
                tracing::warn!(%reason, "verification skipped the Kafka topic");
            }
            verified
        }
        Err(error) => {
            tracing::error!(%error, "verification did not complete");
            let reason = "the database could not be looked at to the end; the reason is in the log of the service";
            ended(begun.clone(), reason)
        }
    };
    let verified = Verification { started_at: begun.started_at, ..verified };
    if let Some(check) = verified.checks.iter().find(|check| !check.ok) {
        tracing::error!(check = %check.name, "verification found a difference");
    }
    // a log that was found altered is not signed
    if verified.is_ok()
        && let Err(error) = state.checkpoints.make_and_keep(&mut turn, &mut Tree::default(), verified.position).await
    {
        tracing::warn!(%error, "a checkpoint of what was verified could not be kept");
    }
    if let Err(problem) = keep(&mut turn, &verified).await {
        tracing::error!(code = problem.code().name(), "cannot store the result of a verification");
    }
    let _ = turn.close().await;
}

/// A run that looked at nothing more.
fn ended(begun: Verification, reason: &str) -> Verification {
    let mut check = Check::new("run");
    check.fails(None, reason);
    Verification { finished_at: Some(clock::now()), checks: vec![check], ..begun }
}

async fn keep(conn: &mut PgConnection, result: &Verification) -> Result<(), Problem> {
    let text = serde_json::to_string(result).map_err(|error| Problem::internal("verification", &error))?;
    sqlx::query(
        "insert into verification (started_at, result)
        values ($1, $2::json)
        on conflict (the_only_one) do update
        set started_at = excluded.started_at,
            result = excluded.result",
    )
    .bind(result.started_at.utc())
    .bind(text)
    .execute(conn)
    .await?;
    Ok(())
}

async fn stored(conn: &mut PgConnection) -> Result<Option<Verification>, Problem> {
    let text: Option<String> = sqlx::query_scalar("select result::text from verification").fetch_optional(conn).await?;
    let read = |text: String| serde_json::from_str(&text).map_err(|error| Problem::internal("verification", &error));
    text.map(read).transpose()
}

/// The last result.
pub(super) async fn last(
    State(state): State<AppState>,
    _: Auditor,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Json<Verification>>, Problem> {
    let head = min.reached_by_log(&state).await?;
    let mut connection = state.pool.acquire().await?;
    if let Some(begun) = interrupted(&mut connection).await? {
        keep(&mut connection, &ended(begun, "the run was interrupted; start another one")).await?;
    }
    let result = stored(&mut connection).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(At(head, Json(result)))
}

/// A run that is not finished though nobody is at it.
async fn interrupted(conn: &mut PgConnection) -> Result<Option<Verification>, Problem> {
    let unfinished: Option<(i64, chrono::DateTime<chrono::Utc>)> = sqlx::query_as(&format!(
        "select (result ->> 'position')::bigint, started_at
        from verification
        where result ->> 'finishedAt' is null
          and pg_try_advisory_xact_lock({LOCK})"
    ))
    .fetch_optional(conn)
    .await?;
    Ok(unfinished.map(|(position, started_at)| begun(position, started_at.into())))
}
