//! New claims are folded with one statement, which moves the checkpoint as well: all of it or nothing, and nothing
//! wherever a closer look is needed.

use super::support::history::Generator;
use super::support::{TestLog, Workers, with_log};
use projections::engine::checkpoint::{CheckpointMove, LockedCheckpoint};
use projections::log::Recorded;
use projections::read_models::claim_history::ClaimHistory;
use projections::{Follower, Projected, Projection, rebuild};
use uuid::Uuid;

const HISTORY: usize = 400;

fn moving(after: i64, through: i64) -> CheckpointMove {
    CheckpointMove { name: ClaimHistory::NAME, version: ClaimHistory::VERSION, after, through, owner: Uuid::nil() }
}

async fn recorded(log: &TestLog, after: i64, through: i64) -> Vec<Recorded> {
    let batch = log.batch::<ClaimHistory>(after, through).await;
    batch.entries.iter().map(|entry| entry.recorded().unwrap()).collect()
}

async fn folds(log: &TestLog, moving: CheckpointMove) -> bool {
    let events = recorded(log, moving.after, moving.through).await;
    let mut conn = log.pool.acquire().await.unwrap();
    ClaimHistory.fold_in_one_statement(&mut conn, &events, moving).await.unwrap()
}

async fn rows_and_position(log: &TestLog) -> (i64, i64) {
    sqlx::query_as("select (select count(*) from claims), position from checkpoints where name = 'claim_history'")
        .fetch_one(&log.pool)
        .await
        .unwrap()
}

/// The piece up to the first claim; nothing before it concerns claims.
async fn up_to_the_first_claim(log: &TestLog) -> CheckpointMove {
    let first: i64 = sqlx::query_scalar("select min(position) from events where aggregate_type = 'claim'")
        .fetch_one(&log.pool)
        .await
        .unwrap();
    moving(0, first)
}

#[tokio::test]
async fn what_is_folded_with_one_statement_where_that_is_possible_is_what_a_rebuild_makes() {
    with_log(async |log| {
        log.append(Generator::new(71).history(HISTORY)).await;
        let follower = Projected::new(ClaimHistory);
        let mut position = follower.begin(&log.pool, Uuid::nil()).await.unwrap().position();
        let mut at_once = 0;
        while position < log.head() {
            let next = log.head().min(position + 3);
            if folds(log, moving(position, next)).await {
                at_once += 1;
            } else {
                let batch = log.batch::<ClaimHistory>(position, next).await;
                let mut conn = log.pool.acquire().await.unwrap();
                follower.handle(&mut conn, &batch).await.unwrap();
            }
            assert_eq!(rows_and_position(log).await.1, next, "either way it is saved how far it is");
            position = next;
        }
        assert!(at_once > 10, "{at_once} batches of new claims were folded with one statement");
        let live = log.digest(ClaimHistory::NAME).await;
        rebuild(&log.pool, ClaimHistory::NAME, |_, _| {}).await.unwrap();
        assert_eq!(log.digest(ClaimHistory::NAME).await, live);
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_has_a_row_already_is_left_to_a_transaction() {
    with_log(async |log| {
        log.append(Generator::new(72).history(HISTORY)).await;
        let later: i64 =
            sqlx::query_scalar("select min(position) from events where aggregate_type = 'claim' and sequence = 2")
                .fetch_one(&log.pool)
                .await
                .unwrap();
        log.project(ClaimHistory, later - 1, 1_000, 1).await;
        let before = rows_and_position(log).await;
        assert!(!folds(log, moving(later - 1, later)).await);
        assert_eq!(rows_and_position(log).await, before);
    })
    .await;
}

/// Nothing is written after this was done to a checkpoint that stands before the first claim.
async fn refused_after(what: &str, done: &str) {
    with_log(async |log| {
        log.append(Generator::new(73).history(HISTORY)).await;
        log.project(ClaimHistory, 0, 1, 1).await;
        let piece = up_to_the_first_claim(log).await;
        sqlx::raw_sql(done).execute(&log.pool).await.unwrap();
        let before = rows_and_position(log).await;
        assert!(!folds(log, piece).await, "{what}");
        assert_eq!(rows_and_position(log).await, before, "{what}");
    })
    .await;
}

#[tokio::test]
async fn it_does_nothing_where_a_closer_look_is_needed() {
    for (what, done) in [
        ("somebody else has folded on", "update checkpoints set position = 1 where name = 'claim_history'"),
        (
            "the rows are of another version",
            "update checkpoints set version = version + 1 where name = 'claim_history'",
        ),
        (
            "an event was left out",
            "insert into interventions (follower, step, position, reason, actor)
             values ('claim_history', 'skip', 1, 'a test', 'somebody')",
        ),
        (
            "a stream is parked",
            "insert into parked_streams (follower, stream_type, stream_id, position, reason)
             values ('claim_history', 'claim', 'x', 1, 'a test')",
        ),
    ] {
        refused_after(what, done).await;
    }
}

#[tokio::test]
async fn it_does_nothing_while_somebody_else_holds_the_checkpoint_or_workers_feed_it() {
    with_log(async |log| {
        log.append(Generator::new(74).history(HISTORY)).await;
        log.project(ClaimHistory, 0, 1, 1).await;
        let piece = up_to_the_first_claim(log).await;
        let holding = log.pool.begin().await.unwrap();
        let holding = LockedCheckpoint::lock(holding, ClaimHistory::NAME).await.unwrap().unwrap();
        assert!(!folds(log, piece).await, "somebody else holds it");
        holding.rollback().await.unwrap();

        log.fold_apart(ClaimHistory, &[0; 12], Workers::There).await.unwrap();
        assert!(!folds(log, piece).await, "workers feed it");
        assert_eq!(rows_and_position(log).await, (0, 0));

        sqlx::query("delete from worker_partitions").execute(&log.pool).await.unwrap();
        assert!(folds(log, piece).await, "nothing is in the way");
        assert_eq!(rows_and_position(log).await, (1, piece.through));
    })
    .await;
}
