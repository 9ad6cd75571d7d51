//! What the database itself refuses, and how it is brought up to date.

use api::cli::{MIGRATOR, database::migrations};
use sqlx::ConnectOptions;
use tests::support::postgres::Database;

use super::support::{Limits, Programme, member, migrated};

#[tokio::test]
async fn the_log_refuses_to_be_changed() {
    let programme = Programme::with(Limits::default()).await;
    for statement in [
        "update events set actor = 'somebody else'",
        "update events set payload = payload where false",
        "delete from events",
        "delete from events where position = 1",
        "truncate events",
    ] {
        let refused = sqlx::query(statement).execute(&programme.pool).await;
        let code = refused.unwrap_err().as_database_error().and_then(|error| error.code().map(Into::into));
        assert_eq!(code, Some("42501".to_owned()), "{statement}: not granted");
    }
    sqlx::query("grant update, delete, truncate on events to current_user").execute(&programme.pool).await.unwrap();
    for statement in ["update events set actor = actor", "delete from events", "truncate events"] {
        let refused = sqlx::query(statement).execute(&programme.pool).await;
        let code = refused.unwrap_err().as_database_error().and_then(|error| error.code().map(Into::into));
        assert_eq!(code, Some("23001".to_owned()), "{statement}: refused by the trigger");
    }
    programme.assert_sound().await;
}

#[tokio::test]
async fn two_instances_migrate_at_once_and_again() {
    let database = Database::fresh().await;
    // as the service does; sqlx's own lock waits with a snapshot, for which a concurrent build of an index waits in turn
    let migrated = async || {
        let pool = database.pool().await;
        let known: Vec<_> = MIGRATOR.iter().cloned().collect();
        migrations::apply(&mut pool.acquire().await.unwrap(), &known).await.unwrap();
        pool
    };
    let (first, second) = tokio::join!(migrated(), migrated());
    migrated().await;
    for pool in [first, second] {
        let heads: i64 = sqlx::query_scalar("select count(*) from log_head").fetch_one(&pool).await.unwrap();
        assert_eq!(heads, 1);
    }
}

#[tokio::test]
async fn streams_are_read_by_the_index_even_on_a_table_that_was_never_analysed() {
    let database = Database::fresh().await;
    let pool = migrated(&database).await;
    let plan: Vec<String> = sqlx::query_scalar(&format!(
        "explain {}",
        commands::log::streams::READ_STREAMS
            .replace("$1::text[]", "array['claim']")
            .replace("$2::text[]", "array['x']")
    ))
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(plan.iter().any(|line| line.contains("Index Scan using events_one_of_each_step")), "{plan:#?}");
    assert!(!plan.iter().any(|line| line.contains("Seq Scan")), "{plan:#?}");
}

#[tokio::test]
async fn wallets_are_read_by_indexes_even_on_tables_that_were_never_analysed() {
    let database = Database::fresh().await;
    let pool = migrated(&database).await;
    let database = commands::log::lookups::for_lookups(&pool.connect_options());
    let mut lookups = database.connect().await.unwrap();
    let query = commands::READ_WALLETS
        .replace("$1::uuid[]", "array[gen_random_uuid()]")
        .replace("$2::text[]", "array['points']")
        .replace("$3", "array[]::uuid[]");
    let plan: Vec<String> = sqlx::query_scalar(&format!("explain {query}")).fetch_all(&mut lookups).await.unwrap();
    for index in ["wallet_lots_one_row", "wallet_holds_of_a_wallet", "wallet_debts_one_row"] {
        assert!(plan.iter().any(|line| line.contains(index)), "{index}: {plan:#?}");
    }
    let whole: Vec<_> = plan.iter().filter(|line| line.contains("Seq Scan") && !line.contains("log_head")).collect();
    assert!(whole.is_empty(), "{plan:#?}");
}

#[tokio::test]
async fn a_log_on_another_timeline_begins_a_new_epoch() {
    let programme = Programme::with(Limits::default()).await;
    let epoch = async || -> i64 {
        commands::Ledger::start(programme.pool.clone()).await.unwrap();
        sqlx::query_scalar("select epoch from log_head").fetch_one(&programme.pool).await.unwrap()
    };
    assert_eq!(epoch().await, 1, "the same server again is the same life");
    sqlx::query("update log_head set timeline = timeline + 1").execute(&programme.pool).await.unwrap();
    assert_eq!(epoch().await, 2);
    assert_eq!(epoch().await, 2);
    programme.claim(member(1)).await.unwrap();
    programme.assert_sound().await;
}
