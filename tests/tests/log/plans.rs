//! No statement of the write path reads more rows than it is about, whatever the tables were when it was planned: a
//! programme begins with empty tables, and is claimed from hundreds of times before PostgreSQL looks at them again.

use std::time::Duration;

use commands::{Ledger, Metadata};
use domain::campaign::Campaign;
use domain::claim::{Claim, ClaimCommand, ClaimStatus, StaffAction, StaffCommand};
use domain::id::RewardId;
use sqlx::postgres::PgPoolOptions;
use tests::support::postgres::Database;
use tests::support::statistics::{after_all_others, seen_empty};
use uuid::Uuid;

use super::support::{Limits, Programme, add_reward, create, member, migrated, now};

const CLAIMS: u128 = 300;
/// Rows that a campaign, a claim, its rejection and what they look up need of one index, at most.
const ROWS_A_CLAIM: i64 = 20;

#[tokio::test]
async fn an_append_that_was_planned_for_empty_tables_reads_no_more_when_they_are_full() {
    let database = Database::fresh().await;
    let pool = migrated(&database).await;
    seen_empty(&pool, ["events", "reward_stock", "campaign_budget", "member_grants", "value_spent"]).await;
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
    for (number, reward) in (1..).zip(&rewards) {
        claim_and_reject(&programme, *reward, number).await;
    }
    programme.assert_sound().await;

    drop(programme);
    pool.close().await;
    let read: Vec<(String, i64)> = sqlx::query_as("select indexrelname::text, idx_tup_read from pg_stat_user_indexes")
        .fetch_all(&mut after_all_others(&database).await)
        .await
        .unwrap();
    let most = ROWS_A_CLAIM * i64::try_from(CLAIMS).unwrap();
    let more: Vec<_> = read.iter().filter(|(_, rows)| *rows > most).collect();
    assert!(more.is_empty(), "rows that were read, beyond {most}: {more:?}");
    let needed = ["reward_stock_one_row", "campaign_budget_one_row", "member_grants_one_row"];
    let claims = i64::try_from(CLAIMS).unwrap();
    assert!(needed.iter().all(|index| read.iter().any(|(read, rows)| read == index && *rows > claims / 2)), "{read:?}");
}

/// Everybody comes at once when a reward opens, and nothing of it is at hand yet: what is read then is gathered.
#[tokio::test]
async fn the_first_claims_of_a_reward_need_no_connection_of_their_own() {
    let programme = Programme::with(Limits::default()).await;
    let one = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(1));
    let pool = one.connect_with((*programme.pool.connect_options()).clone()).await.unwrap();
    let ledger = Ledger::start(pool.clone()).await.unwrap();
    let _held = pool.acquire().await.unwrap();
    let claims = (0..20).map(|number| super::support::claim(&ledger, programme.reward, member(number)));
    for claimed in futures::future::join_all(claims).await {
        assert_eq!(claimed.unwrap().state.status(), Some(ClaimStatus::Granted));
    }
    programme.assert_sound().await;
}

async fn claim_and_reject(programme: &Programme, reward: RewardId, who: u128) {
    let claimed = super::support::claim(&programme.ledger, reward, member(who)).await.unwrap();
    assert_eq!(claimed.state.status(), Some(ClaimStatus::Pending));
    let step =
        StaffCommand { action: StaffAction::Reject, operator: member(CLAIMS + 1), note: None, at: now(), value: None };
    let staff = Metadata::system(now());
    programme.ledger.execute::<Claim>(&claimed.stream_id, ClaimCommand::Staff(step), &staff).await.unwrap();
}
