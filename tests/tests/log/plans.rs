//! No statement of the write path reads more rows than it is about, whatever the tables were when it was planned: a
//! programme begins with empty tables, and is claimed from thousands of times before PostgreSQL looks at them again.

use std::time::{Duration, Instant};

use commands::Metadata;
use domain::campaign::Campaign;
use domain::claim::{Claim, ClaimCommand, ClaimStatus, StaffStep, Step};
use domain::id::RewardId;
use sqlx::PgPool;
use tests::support::postgres::Database;
use uuid::Uuid;

use super::support::{Limits, Programme, add_reward, create, member, migrated, now};

const CLAIMS: u128 = 300;
/// Rows that one claim, its rejection and what they look up need of one index, at most.
const ROWS_A_CLAIM: i64 = 12;
/// A server tells its statistics when it has rested for a second, or ten.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_append_that_was_planned_for_empty_tables_reads_no_more_when_they_are_full() {
    let database = Database::fresh().await;
    let pool = migrated(&database).await;
    // PostgreSQL now knows for certain that they are empty, and is not to look again
    for table in ["events", "reward_stock", "campaign_budget", "member_grants", "unique_names"] {
        sqlx::query(&format!("alter table {table} set (autovacuum_enabled = off)")).execute(&pool).await.unwrap();
        sqlx::query(&format!("vacuum analyze {table}")).execute(&pool).await.unwrap();
    }
    // so that what a member has already is looked up as well
    let limits = Limits { manual: true, per_member: Some(1_000), stock: Some(1_000), ..Limits::default() };
    let programme = Programme::on(&database, limits).await;
    claim_and_reject(&programme, programme.reward, 0).await;
    let mut rewards = Vec::new();
    for number in 0..CLAIMS {
        let (campaign, reward) = (Uuid::now_v7().to_string(), RewardId(Uuid::now_v7()));
        for command in [create(&format!("Programme {number}"), limits), add_reward(reward, limits.stock)] {
            programme.ledger.execute::<Campaign>(&campaign, command, &Metadata::system(now())).await.unwrap();
        }
        rewards.push(reward);
    }
    let before = read_by_index(&pool, 1).await;
    for (number, reward) in (1..).zip(&rewards) {
        claim_and_reject(&programme, *reward, number).await;
    }
    let after = read_by_index(&pool, 1 + CLAIMS).await;
    for ((index, read), (_, read_before)) in after.iter().zip(&before) {
        let read = read - read_before;
        assert!(read <= ROWS_A_CLAIM * CLAIMS as i64, "{read} rows by {index} for {CLAIMS} claims");
    }
    let granted = ["reward_stock_one_row", "campaign_budget_one_row", "member_grants_one_row"];
    assert!(granted.iter().all(|known| after.iter().any(|(index, read)| index == known && *read > 0)), "{after:?}");
    programme.assert_sound().await;
}

async fn claim_and_reject(programme: &Programme, reward: RewardId, who: u128) {
    let claimed = super::support::claim(&programme.ledger, reward, member(who)).await.unwrap();
    assert_eq!(claimed.state.status(), Some(ClaimStatus::Pending));
    let step = StaffStep { step: Step::Reject, operator: member(CLAIMS + 1), note: None, at: now() };
    let staff = Metadata::system(now());
    programme.ledger.execute::<Claim>(&claimed.stream_id, ClaimCommand::Step(step), &staff).await.unwrap();
}

/// How many rows were read by each index, as soon as the statistics know of so many claims.
async fn read_by_index(pool: &PgPool, claims: u128) -> Vec<(String, i64)> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let known: i64 =
            sqlx::query_scalar("select n_tup_ins from pg_stat_user_tables where relname = 'member_grants'")
                .fetch_one(pool)
                .await
                .unwrap();
        if known >= claims as i64 {
            break;
        }
        assert!(Instant::now() < deadline, "the statistics know of {known} claims");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    sqlx::query_as("select indexrelname::text, idx_tup_read from pg_stat_user_indexes order by 1")
        .fetch_all(pool)
        .await
        .unwrap()
}
