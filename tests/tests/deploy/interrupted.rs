//! SIGTERM at a bad moment. In a container the program is the first process, which the system keeps signals from that it has no
//! handler for: it has to end by itself, soon, with nothing half done.

use std::time::{Duration, Instant};

use api::cli::{MIGRATOR, database::migrations};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tests::support::Database;

use super::container::{Container, PATIENCE};

/// How a shell tells that SIGTERM ended a process.
const TERMINATED: i32 = 143;
/// A migration that adds a column to `dashboard_marks`.
const CHANGES_MARKS: i64 = 77;

/// Waits until somebody else waits for a lock.
async fn is_waited_for(watching: &mut PgConnection) {
    let started = Instant::now();
    let waits = "select exists (select from pg_locks l join pg_stat_activity a using (pid)
                 where not l.granted and a.datname = current_database())";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut *watching).await.unwrap() {
        assert!(started.elapsed() < PATIENCE, "nobody waits");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A command that waits for a table is asked to stop, ends, and does its work when it is run again.
async fn check_interrupted(database: &Database, container: &Container, table: &str, command: &[&str]) {
    let (mut holder, mut watching) =
        (PgConnection::connect(&database.url).await.unwrap(), PgConnection::connect(&database.url).await.unwrap());
    let mut holding = holder.begin().await.unwrap();
    sqlx::query(&format!("lock table {table} in access exclusive mode")).execute(&mut *holding).await.unwrap();
    let running = container.start(command);
    is_waited_for(&mut watching).await;
    running.signal(Signal::SIGTERM);
    let (asked, ended) = (Instant::now(), running.ended());
    assert_eq!(ended.code, Some(TERMINATED), "{command:?}: {}", ended.said);
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert!(ended.said.contains("run it again to continue"), "{}", ended.said);
    holding.rollback().await.unwrap();
    let again = container.run(command);
    assert_eq!(again.code, Some(0), "{command:?}: {}", again.said);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(may_chroot), ignore = "this user may not make mounts and process ids of its own")]
async fn a_migration_and_a_rebuild_that_are_stopped_go_on_when_they_are_run_again() {
    let database = Database::fresh().await;
    let container = Container::new().on(&database.url);
    let before: Vec<_> = MIGRATOR.iter().filter(|it| it.version < CHANGES_MARKS).cloned().collect();
    migrations::apply(&mut PgConnection::connect(&database.url).await.unwrap(), &before).await.unwrap();
    check_interrupted(&database, &container, "dashboard_marks", &["migrate"]).await;
    check_interrupted(&database, &container, "claims", &["rebuild", "claim_history"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(may_chroot), ignore = "this user may not make mounts and process ids of its own")]
async fn a_request_under_way_is_answered_though_the_signal_comes_twice() {
    let database = Database::fresh().await;
    let container = Container::new().on(&database.url);
    let mut running = container.start(&[]);
    container.well(&mut running);
    let (http, base) = (reqwest::Client::new(), format!("http://127.0.0.1:{}", container.port));
    let account = json!({"email": "a@example.com", "password": "a long enough pass", "birthDate": "1995-01-01"});
    let login = json!({"email": account["email"], "password": account["password"]});
    let made = http.post(format!("{base}/auth/signup")).json(&account).send().await.unwrap();
    made.error_for_status().expect("an account");
    let tokens = http.post(format!("{base}/auth/login")).json(&login).send().await.unwrap();
    let tokens: Value = tokens.error_for_status().expect("a log-in").json().await.unwrap();
    // it waits two seconds for a position that does not come
    let asking = http.get(format!("{base}/claims/me")).header("ledger-min-position", "1000000");
    let asking = tokio::spawn(asking.bearer_auth(tokens["accessToken"].as_str().unwrap()).send());
    tokio::time::sleep(Duration::from_millis(500)).await;
    running.signal(Signal::SIGTERM);
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.signal(Signal::SIGTERM);
    assert_eq!(asking.await.unwrap().expect("it is answered").status(), 503);
    let ended = running.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    assert!(reqwest::get(base).await.is_err());
}
