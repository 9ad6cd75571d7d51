//! The table of stored answers: look-up, storing answers of requests that appended nothing, deleting expired ones.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use commands::StoredAnswer;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::keyed_request::KeyedRequest;
use super::stored_response::StoredResponse;
use crate::app::problem::{Code, Problem};

/// How long answers are kept at least.
const KEPT_HOURS: i32 = 24;
/// How often expired answers are deleted.
const CLEAN_UP_EVERY: Duration = Duration::from_secs(10 * 60);
/// How many one statement deletes, so that none runs long.
const CLEAN_UP_ROWS: i64 = 1_000;

/// The answer stored under the key, or a problem if it belongs to another request.
pub(super) async fn find(pool: &PgPool, asked: &KeyedRequest) -> Result<Option<Response>, Problem> {
    let sql = "select fingerprint, answer from stored_answers where caller = $1 and key = $2";
    let row: Option<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as(sql).bind(asked.caller()).bind(asked.key()).fetch_optional(pool).await?;
    let Some((fingerprint, answer)) = row else { return Ok(None) };
    if fingerprint != asked.fingerprint.0 {
        return Ok(Some(Problem::new(Code::IdempotencyKeyReused).into_response()));
    }
    let frozen = StoredResponse::from_bytes(&answer);
    Ok(Some(frozen.ok_or_else(|| Problem::internal("once", &"a stored answer is none"))?.replay()))
}

/// Stores an answer; `false` if there is one already.
pub(super) async fn insert(pool: &PgPool, kept: &StoredAnswer) -> Result<bool, sqlx::Error> {
    let sql = "insert into stored_answers (caller, key, fingerprint, answer, stored_at)
               values ($1, $2, $3, $4, now())
               on conflict do nothing";
    let StoredAnswer { caller, key, fingerprint, answer } = kept;
    let done = sqlx::query(sql).bind(caller).bind(key).bind(fingerprint).bind(answer).execute(pool).await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes expired answers periodically until shutdown.
pub async fn clean_up(pool: PgPool, stopping: CancellationToken) {
    loop {
        if let Err(error) = take_away(&pool).await {
            tracing::warn!(%error, "idempotency: cannot delete expired responses; retrying");
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(CLEAN_UP_EVERY) => {}
        }
    }
}

async fn take_away(pool: &PgPool) -> Result<(), sqlx::Error> {
    let sql = "delete from stored_answers
               where (caller, key) in (
                   select caller, key
                   from stored_answers
                   where stored_at < now() - make_interval(hours => $1)
                   order by stored_at
                   limit $2
                   for update skip locked
               )";
    loop {
        let gone = sqlx::query(sql).bind(KEPT_HOURS).bind(CLEAN_UP_ROWS).execute(pool).await?.rows_affected();
        if gone < CLEAN_UP_ROWS.unsigned_abs() {
            return Ok(());
        }
    }
}
