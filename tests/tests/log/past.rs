//! A log that is empty can be given a history, and no other log can.

use chrono::TimeDelta;
use commands::{CommandError, Ledger, Metadata};
use domain::Moment;
use domain::campaign::{Campaign, CampaignRefusal};
use sqlx::PgPool;
use tests::support::postgres::Database;
use uuid::Uuid;

use super::support::{Limits, create, migrated, now};

/// Something happens that was asked for at a moment.
async fn happen(ledger: &Ledger, name: &str, at: Moment) -> Result<(), CommandError<CampaignRefusal>> {
    let (id, command) = (Uuid::now_v7().to_string(), create(name, Limits::default()));
    ledger.execute::<Campaign>(&id, command, &Metadata::system(at)).await.map(|_| ())
}

async fn recorded(pool: &PgPool) -> Vec<Moment> {
    let sql = "select recorded_at from events order by position";
    let moments = sqlx::query_scalar::<_, chrono::DateTime<chrono::Utc>>(sql).fetch_all(pool).await.unwrap();
    moments.into_iter().map(Moment::from).collect()
}

#[tokio::test]
async fn an_empty_log_is_given_a_history_and_one_with_something_in_it_none() {
    let pool = migrated(&Database::fresh().await).await;
    let past = Ledger::start_in_the_past(pool.clone()).await.unwrap().expect("the log is empty");
    let started = now();
    let ago = |days| Moment::from(started.utc() - TimeDelta::days(days));
    for (name, at) in [("a", ago(30)), ("b", ago(20)), ("c", ago(25)), ("d", ago(-7))] {
        happen(&past, name, at).await.unwrap();
    }
    past.on_disk().await.unwrap();
    let recorded = recorded(&pool).await;
    assert_eq!(recorded[..3], [ago(30), ago(20), ago(20)], "when it was asked for, and never back");
    assert!(recorded[3] >= started && recorded[3] <= now(), "never ahead of the clock on the wall: {}", recorded[3]);
    assert!(Ledger::start_in_the_past(pool).await.unwrap().is_none());
}

#[tokio::test]
async fn whoever_else_writes_ends_the_history() {
    let pool = migrated(&Database::fresh().await).await;
    let past = Ledger::start_in_the_past(pool.clone()).await.unwrap().unwrap();
    let ago = |days| Moment::from(now().utc() - TimeDelta::days(days));
    happen(&past, "a", ago(30)).await.unwrap();
    let other = Ledger::start(pool.clone()).await.unwrap();
    happen(&other, "b", now()).await.unwrap();
    for name in ["c", "d"] {
        match happen(&past, name, ago(20)).await {
            Err(CommandError::Broken(reason)) => assert!(reason.contains("somebody else has written"), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(recorded(&pool).await.len(), 2, "and nothing of it is there");
    happen(&other, "e", now()).await.unwrap();
}
