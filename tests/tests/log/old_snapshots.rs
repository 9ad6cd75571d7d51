//! While anybody's snapshot is open (a backup, a report, a verification), PostgreSQL keeps every version of the rows that
//! each append changes. An append must not walk through them to the one that counts.

use sqlx::{Connection, PgConnection};
use tests::support::postgres::Database;
use tests::support::statistics::after_all_others;

use super::support::{Limits, Programme, member};

const CLAIMS: u128 = 2_500;
/// Pages of one table that an append looks at, at most: the row is found, locked and put elsewhere.
const PAGES_AN_APPEND: i64 = 8;

#[tokio::test]
async fn an_append_does_not_walk_through_the_versions_that_an_open_snapshot_keeps() {
    let database = Database::fresh().await;
    let programme = Programme::on(&database, Limits::default()).await;
    let mut snapshot = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("begin isolation level repeatable read; select from log_head").execute(&mut snapshot).await.unwrap();
    for number in 0..CLAIMS {
        programme.claim(member(number)).await.unwrap();
    }
    programme.assert_sound().await;
    snapshot.close().await.unwrap();
    let pool = programme.pool.clone();
    drop(programme);
    pool.close().await;
    let read: Vec<(String, i64, i64)> = sqlx::query_as(
        "select io.relname::text, heap_blks_hit + heap_blks_read, pg_relation_size(io.relid) / 8192
        from pg_statio_user_tables as io
        where io.relname in ('log_head', 'reward_stock', 'campaign_budget')",
    )
    .fetch_all(&mut after_all_others(&database).await)
    .await
    .unwrap();
    assert_eq!(read.len(), 3);
    let most = PAGES_AN_APPEND * i64::try_from(CLAIMS).unwrap();
    for (table, pages, size) in &read {
        assert!(*size > PAGES_AN_APPEND, "{table} has all versions of its row: {read:?}");
        assert!(*pages < most, "{table} is read {pages} times, more than {most}: {read:?}");
    }
}
