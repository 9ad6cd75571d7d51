//! A programme begins with empty tables, statements that run all the time are planned once, and a campaign that opens to
//! many fills the tables before PostgreSQL looks at them again: no statement may then read more than it is about.

use tests::support::{
    Database, Stage,
    programme::crowd,
    statistics::{after_all_others, seen_empty},
};

const MEMBERS: usize = 300;
const EVENTS: usize = 2;
/// Rows that one claim needs of one table or index, at most, with what the service reads at its start and beside it.
const ROWS_A_CLAIM: i64 = 25;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_began_with_empty_tables_reads_no_more_for_a_claim_when_they_are_full() {
    let database = Database::fresh().await;
    let pool = database.pool().await;
    sqlx::migrate!("../migrations").run(&pool).await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("select relname::text from pg_stat_user_tables").fetch_all(&pool).await.unwrap();
    seen_empty(&pool, tables).await;
    let stage = Stage::on(database).await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (members, facts) = crowd(MEMBERS);
    stage.service.import(&facts);

    let mut last = 0;
    for _ in 0..EVENTS {
        let (_, prize) = operator.create_open_event(Some(1_000)).await;
        for member in &members {
            let claimed = reporter.claim_for(&prize, member).await;
            claimed.created();
            last = claimed.position();
        }
    }
    operator.get_at("/dashboard", last).await.ok();

    stage.service.terminate();
    pool.close().await;
    // of the tables that fill; the others have a handful of rows, which somebody reads all the time
    let read: Vec<(String, i64)> = sqlx::query_as(
        "select relname::text, seq_tup_read from pg_stat_user_tables where n_live_tup >= $1
        union all
        select indexrelname::text, i.idx_tup_read
        from pg_stat_user_indexes i
        join pg_stat_user_tables t using (relid)
        where n_live_tup >= $1",
    )
    .bind(i64::try_from(MEMBERS).unwrap())
    .fetch_all(&mut after_all_others(&stage.database).await)
    .await
    .unwrap();
    let most = ROWS_A_CLAIM * i64::try_from(MEMBERS * EVENTS).unwrap();
    let more: Vec<_> = read.iter().filter(|(_, rows)| *rows > most).collect();
    assert!(more.is_empty(), "rows that were read, beyond {most}: {more:?}");
    let needed = |name| read.iter().any(|(read, rows)| read == name && *rows >= i64::try_from(MEMBERS).unwrap());
    assert!(needed("members_one_row") && needed("dashboard_members_one_row"), "{read:?}");
}
