//! A schema that changes under those who serve: who may change it, what a version does that is older than the schema, and
//! that the version before goes on reading and writing while migrations run. Both versions as they are built are run by
//! `make upgrade`; here the statements of the version before stand in `tests/upgrade`.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use api::cli::{MIGRATOR, database::migrations};
use sqlx::migrate::{Migration, MigrationType};
use sqlx::{Connection, Executor, PgConnection};
use tests::support::{Database, Setup, auditor::Auditor};
use tokio::task::JoinHandle;

/// The last migration of the version before: that of the commit in `tests/upgrade/from`.
const BEFORE: i64 = 46;
/// Who waits longer than this for a migration is answered with an error, and so is the test.
const PATIENCE: &str = "set statement_timeout = '20s'";
/// Version 0.1.0 reads accounts by prepared statements of `select *`, which fail where a column is added to the view.
const PREPARED: &str = "prepare living_accounts_of_before as select * from living_accounts limit 50";
const REMEDY: &str = "The schema is outdated; run `reward-ledger migrate`";

fn statements(file: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("upgrade");
    fs::read_to_string(folder.join(file)).unwrap()
}

fn known(up_to: i64) -> Vec<Migration> {
    MIGRATOR.iter().filter(|migration| migration.version <= up_to).cloned().collect()
}

/// A migration of a later version.
fn later(version: i64, description: &'static str, sql: &'static str) -> Migration {
    let concurrently = sql.contains(" concurrently ");
    Migration::new(version, description.into(), MigrationType::Simple, sql.into(), concurrently)
}

async fn connected(database: &Database) -> PgConnection {
    PgConnection::connect(&database.url).await.unwrap()
}

/// A database of the version before, with something in it.
async fn filled() -> Database {
    let database = Database::fresh().await;
    let mut connection = connected(&database).await;
    migrations::apply(&mut connection, &known(BEFORE)).await.unwrap();
    sqlx::raw_sql(&statements("fill.sql")).execute(&mut connection).await.unwrap();
    sqlx::raw_sql("analyze").execute(&mut connection).await.unwrap();
    database
}

/// Somebody of the version before, who does the same again and again.
struct Busy {
    stopping: Arc<AtomicBool>,
    doing: JoinHandle<Result<(u32, Duration), sqlx::Error>>,
}

impl Busy {
    async fn with(database: &Database, file: &str) -> Self {
        let (mut connection, statements) = (connected(database).await, statements(file));
        sqlx::raw_sql(PATIENCE).execute(&mut connection).await.unwrap();
        sqlx::raw_sql(PREPARED).execute(&mut connection).await.unwrap();
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = stopping.clone();
        let doing = tokio::spawn(async move {
            let (mut times, mut longest) = (0, Duration::ZERO);
            while !stop.load(Ordering::Relaxed) || times < 20 {
                let started = Instant::now();
                connection.execute(statements.as_str()).await?;
                longest = longest.max(started.elapsed());
                times += 1;
            }
            Ok((times, longest))
        });
        Self { stopping, doing }
    }

    /// How often it did it, and the longest that it took once; or the error that it met.
    async fn stop(self) -> Result<(u32, Duration), sqlx::Error> {
        self.stopping.store(true, Ordering::Relaxed);
        self.doing.await.unwrap()
    }
}

/// Applies migrations while the version before reads and writes: the longest wait of the writer and of the reader.
async fn applied_under_load(database: &Database, migrations: &[Migration]) -> Result<[Duration; 2], sqlx::Error> {
    let (writer, reader) = (Busy::with(database, "writer.sql").await, Busy::with(database, "reader.sql").await);
    migrations::apply(&mut connected(database).await, migrations).await.unwrap();
    let ((written, writer), (read, reader)) = (writer.stop().await?, reader.stop().await?);
    println!("upgrade: {written} transactions, the longest {writer:?}; {read} rounds of reads, the longest {reader:?}");
    Ok([writer, reader])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_before_reads_and_writes_while_every_migration_is_applied() {
    let database = filled().await;
    let all = known(i64::MAX);
    applied_under_load(&database, &all).await.expect("what the version before does, it still does");
    // what is to come: a new column, a new table, an index on a large table
    let next = [
        later(
            9_001,
            "columns",
            "alter table accounts add column of_later text; alter table claims add column too bigint",
        ),
        later(9_002, "a table", "create table of_later (id uuid primary key); comment on table claims is 'later'"),
        later(9_003, "an index", "create index concurrently of_later_by_actor on events (actor, position)"),
    ];
    let all = [all, next.to_vec()].concat();
    applied_under_load(&database, &all).await.expect("what the version before does, it still does");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_the_version_before_cannot_live_with_is_noticed() {
    for (sql, why) in [
        ("alter table accounts rename column bio to biography", "42703"),
        (
            "alter table claims add column needed text not null default '';
             alter table claims alter column needed drop default",
            "23502",
        ),
        ("drop table waiting_referrals", "42P01"),
        (
            "create or replace view living_accounts as
             select id, email, email_key, password_hash, nickname, bio, profile_image_url, birth_date, time_zone,
                    invite_code, role, role_since, blocked, created_at, created_position, demo, 1 as worse
             from accounts",
            "0A000",
        ),
    ] {
        let database = filled().await;
        let all = [known(i64::MAX), vec![later(9_001, "worse", sql)]].concat();
        let noticed = applied_under_load(&database, &all).await.expect_err(sql);
        let code = noticed.as_database_error().and_then(|error| error.code().map(|code| code.to_string()));
        assert_eq!(code.as_deref(), Some(why), "{sql}: {noticed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_gives_way_until_it_gets_its_lock() {
    let database = filled().await;
    let mut slow = connected(&database).await;
    let mut reading = slow.begin().await.unwrap();
    sqlx::query("select from accounts limit 1").execute(&mut *reading).await.unwrap();
    let all =
        [known(i64::MAX), vec![later(9_001, "a column", "alter table accounts add column of_later text")]].concat();
    let mut connection = connected(&database).await;
    let migrating = tokio::spawn(async move { migrations::apply(&mut connection, &all).await });
    // the version before goes on, though the migration cannot go past the slow reader
    let writer = Busy::with(&database, "writer.sql").await;
    let mut watching = connected(&database).await;
    let waits = "select exists (select from pg_locks where not granted and mode = 'AccessExclusiveLock')";
    for times in 0..3 {
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut watching).await.unwrap() {
            assert!(!migrating.is_finished(), "it did not wait: {times}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        while sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut watching).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(!migrating.is_finished());
    reading.rollback().await.unwrap();
    migrating.await.unwrap().unwrap();
    let (times, longest) = writer.stop().await.unwrap();
    println!("upgrade: {times} transactions beside a migration that gave way, the longest {longest:?}");
    sqlx::query("select of_later from accounts limit 1").execute(&mut watching).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_whose_build_was_killed_is_built_by_the_next_run() {
    let database = filled().await;
    // every index of this version is there before, since an older snapshot is what a concurrent build waits for
    migrations::apply(&mut connected(&database).await, &known(i64::MAX)).await.unwrap();
    let mut slow = connected(&database).await;
    let mut reading = slow.begin().await.unwrap();
    sqlx::query("set transaction isolation level repeatable read").execute(&mut *reading).await.unwrap();
    sqlx::query("select from accounts limit 1").execute(&mut *reading).await.unwrap();
    let all = [
        known(i64::MAX),
        vec![
            later(9_001, "an index", "create index concurrently of_later on events (actor, position)"),
            later(9_002, "a column", "alter table claims add column of_later text"),
        ],
    ]
    .concat();
    let (mut connection, first) = (connected(&database).await, all.clone());
    let migrator: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut connection).await.unwrap();
    let migrating = tokio::spawn(async move { migrations::apply(&mut connection, &first).await });
    let mut watching = connected(&database).await;
    let state = "select indisvalid from pg_index where indexrelid = to_regclass('of_later')";
    while sqlx::query_scalar::<_, bool>(state).fetch_optional(&mut watching).await.unwrap() != Some(false) {
        assert!(!migrating.is_finished());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sqlx::query("select pg_terminate_backend($1)").bind(migrator).execute(&mut watching).await.unwrap();
    assert!(migrating.await.unwrap().is_err(), "it was killed half-way");
    reading.rollback().await.unwrap();
    let [mut one, mut other] = [connected(&database).await, connected(&database).await];
    let (first, second) = tokio::join!(migrations::apply(&mut one, &all), migrations::apply(&mut other, &all));
    first.unwrap();
    second.unwrap();
    assert!(sqlx::query_scalar::<_, bool>(state).fetch_one(&mut watching).await.unwrap(), "the index serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_was_built_but_not_recorded_is_built_by_the_next_run() {
    let database = filled().await;
    let all = [
        known(i64::MAX),
        vec![later(9_001, "an index", "create index concurrently of_later_by_actor on events (actor, position)")],
    ]
    .concat();
    let mut connection = connected(&database).await;
    // the client of the first run was killed, and PostgreSQL finished the build; another index has a name that begins alike
    for index in ["of_later_by_actor", "of_later"] {
        let sql = format!("create index concurrently {index} on events (actor, position)");
        sqlx::query(&sql).execute(&mut connection).await.unwrap();
    }
    let oids = "select array[to_regclass('of_later')::oid::int8, to_regclass('of_later_by_actor')::oid::int8]";
    let before: Vec<i64> = sqlx::query_scalar(oids).fetch_one(&mut connection).await.unwrap();
    migrations::apply(&mut connection, &all).await.unwrap();
    let after: Vec<i64> = sqlx::query_scalar(oids).fetch_one(&mut connection).await.unwrap();
    assert_eq!(after[0], before[0], "an index of another name stays");
    assert_ne!(after[1], before[1], "the one of the migration is built again");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_migrate_and_serve_change_the_schema() {
    let database = Database::fresh().await;
    let auditor = Auditor::of(&database.url);
    let refused = |arguments: &[&str]| {
        let said = auditor.run(arguments);
        assert!(said.code != 0 && said.err.contains(REMEDY), "{arguments:?}: {} {}", said.out, said.err);
    };
    let mut connection = connected(&database).await;
    for arguments in [
        &["serve", "--no-migrate"][..],
        &["projections"],
        &["rebuild", "dashboard"],
        &["admin", "create", "--email", "chief@example.com"],
        &["service", "list"],
        &["import", "activities", "-"],
        &["demo", "remove"],
        &["audit", "verify"],
    ] {
        refused(arguments);
        let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(tables, 0, "{arguments:?} leaves the database as it is");
    }
    migrations::apply(&mut connection, &known(BEFORE - 1)).await.unwrap();
    refused(&["serve", "--no-migrate"]);
    assert_eq!(auditor.run(&["migrate"]).code, 0);
    let service = Setup::on(&database).arguments(&["serve", "--no-migrate"]).start().await;
    assert!(service.log().contains("owns and writes the log"), "{}", service.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_serves_an_older_version_until_a_contract_step_takes_away_what_it_needs() {
    let database = Database::fresh().await;
    let auditor = Auditor::of(&database.url);
    assert_eq!(auditor.run(&["migrate"]).code, 0);
    let newest = known(i64::MAX).last().unwrap().version;
    let step = async |version: i64, description: &str| {
        sqlx::query(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            values ($1, $2, true, '\\x07', 0)",
        )
        .bind(version)
        .bind(description)
        .execute(&mut connected(&database).await)
        .await
        .unwrap();
    };
    step(9_001, "add a table").await;
    step(9_002, &format!("contract {newest:04} drop what this version does without")).await;
    for arguments in [&["migrate"][..], &["projections"]] {
        let said = auditor.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.err);
    }
    Setup::on(&database).start().await.terminate();
    step(9_003, "contract 9001 drop what this version needs").await;
    for arguments in [&["migrate"][..], &["projections"], &["serve"], &["serve", "--no-migrate"]] {
        let said = auditor.run(arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {}", said.out);
        assert!(said.err.contains("contract 9001") && said.err.contains("use a newer binary"), "{}", said.err);
    }
}
