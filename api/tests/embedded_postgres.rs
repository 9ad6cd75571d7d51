//! What the embedded PostgreSQL promises, on real servers in folders of their own: it outlives who
//! started it, comes back when it is killed, is shared, and says what is wrong.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop where it stands")]

use api::embedded::{EmbeddedPostgres, EmbeddedPostgresError};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const OWNER_DIR: &str = "EMBEDDED_POSTGRES_TEST_OWNER_DIR";

/// A data folder that takes its server with it.
struct DataDir(PathBuf);

impl DataDir {
    fn new() -> Self {
        Self::below("")
    }

    fn below(inner: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rl-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o711)).unwrap();
        Self(path.join(inner))
    }

    fn data(&self) -> PathBuf {
        self.0.join("postgres/data")
    }

    fn socket_options(&self) -> PgConnectOptions {
        let socket = self.0.join("postgres/run");
        let options = PgConnectOptions::new_without_pgpass().socket(socket).port(5432);
        options.username("reward_ledger").database("reward_ledger")
    }

    fn server(&self) -> Option<i32> {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// The process number of the server, running for certain.
    #[track_caller]
    fn running_server(&self) -> i32 {
        let pid = self.server().expect("a server is running");
        assert!(is_running(pid), "process {pid} of postmaster.pid does not run");
        pid
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let Some(pid) = self.server().filter(|pid| is_running(*pid)) {
            kill(Pid::from_raw(pid), Signal::SIGQUIT).unwrap();
            wait_until("the server ended", || !is_running(pid));
        }
        let top = self.0.ancestors().find(|path| path.parent() == Some(&std::env::temp_dir()));
        fs::remove_dir_all(top.unwrap_or(&self.0)).unwrap();
    }
}

fn is_running(pid: i32) -> bool {
    let ps = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8(ps.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

async fn ask<T>(options: &PgConnectOptions, question: &str) -> Result<T, sqlx::Error>
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let mut connection = options.connect().await?;
    let answer = sqlx::query_scalar(question).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(answer)
}

async fn tell(options: &PgConnectOptions, statement: &str) {
    let mut connection = options.connect().await.unwrap();
    connection.execute(statement).await.unwrap();
    connection.close().await.unwrap();
}

/// A statement that holds the server's memory for two seconds, whatever becomes of the server.
async fn keep_busy(options: &PgConnectOptions) -> tokio::task::JoinHandle<()> {
    let mut connection = options.connect().await.unwrap();
    let work = tokio::spawn(async move {
        let busy = "do $$ declare start timestamptz := clock_timestamp(); begin \
                    while clock_timestamp() < start + '2 s' loop end loop; end $$";
        let _ = connection.execute(busy).await;
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    work
}

#[tokio::test]
async fn nobody_else_can_hold_the_locks_and_keep_the_service_from_starting() {
    let folder = DataDir::new();
    let root = folder.0.join("postgres");
    let locks = ["start.lock", "users.lock"].map(|name| root.join(name));
    // as earlier versions made them
    fs::create_dir_all(&root).unwrap();
    for lock in &locks {
        fs::write(lock, "").unwrap();
        fs::set_permissions(lock, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let server = EmbeddedPostgres::start(&folder.0).await.unwrap();
    for lock in &locks {
        assert_eq!(fs::metadata(lock).unwrap().mode() & 0o777, 0o600, "{}", lock.display());
    }
    for folder in [&root, &folder.0] {
        assert_eq!(fs::metadata(folder).unwrap().mode() & 0o022, 0, "nobody else writes to {}", folder.display());
    }
    if nix::unistd::Uid::effective().is_root() {
        let stranger =
            Command::new("cat").arg(&locks[0]).uid(65_534).gid(65_534).stderr(Stdio::null()).status().unwrap();
        assert!(!stranger.success(), "another user cannot even open it");
    }
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_service_owns_its_database_and_is_no_superuser() {
    let dir = DataDir::new();
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    assert!(postgres.describe().contains("started"), "{}", postgres.describe());
    let options = postgres.connect_options();
    let role = "select rolsuper or rolcreaterole or rolcreatedb from pg_roles where rolname = current_user";
    assert!(!ask::<bool>(&options, role).await.unwrap());
    tell(&options, "create table kept (n int)").await;
    tell(&options, "create schema other").await;
    for (name, expected) in [("fsync", "on"), ("listen_addresses", ""), ("max_wal_size", "2GB")] {
        let shown: String = ask(&options, &format!("select current_setting('{name}')")).await.unwrap();
        assert_eq!(shown, expected, "{name}");
    }
    let mode = fs::metadata(dir.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let pid = dir.running_server();
    postgres.stop().await.unwrap();
    assert!(!is_running(pid));
    assert_eq!(dir.server(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_a_stop_and_a_start() {
    let dir = DataDir::new();
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    tell(&postgres.connect_options(), "create table kept as select 7 as n").await;
    postgres.stop().await.unwrap();
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    assert_eq!(ask::<i32>(&postgres.connect_options(), "select n from kept").await.unwrap(), 7);
    postgres.stop().await.unwrap();
}

/// Not a test of its own: run as a process that others kill.
#[tokio::test]
#[ignore = "started by the other tests"]
async fn owner() {
    let Some(dir) = std::env::var_os(OWNER_DIR) else {
        return;
    };
    let postgres = EmbeddedPostgres::start(Path::new(&dir)).await.unwrap();
    println!("\nowner: {}", postgres.describe());
    std::thread::sleep(Duration::from_secs(120));
}

/// Starts a process that owns a server; returns when the server is ready.
fn start_owner(dir: &DataDir) -> std::process::Child {
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "owner", "--ignored", "--nocapture"])
        .env(OWNER_DIR, &dir.0)
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.starts_with("owner: ")));
    owner
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_outlives_a_killed_owner_and_the_next_start_attaches() {
    let dir = DataDir::new();
    let mut owner = start_owner(&dir);
    let pid = dir.running_server();
    // The whole group, as a terminal does with a Ctrl-C.
    killpg(Pid::from_raw(i32::try_from(owner.id()).unwrap()), Signal::SIGKILL).unwrap();
    owner.wait().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(dir.running_server(), pid);
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    assert_eq!(dir.running_server(), pid);
    assert!(postgres.describe().contains("was running"), "{}", postgres.describe());
    assert_eq!(ask::<i32>(&postgres.connect_options(), "select 1").await.unwrap(), 1);
    postgres.stop().await.unwrap();
    wait_until("the adopted server ended", || !is_running(pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_recovers_when_owner_and_server_were_killed_together() {
    let dir = DataDir::new();
    let mut owner = start_owner(&dir);
    let pid = dir.running_server();
    let work = keep_busy(&dir.socket_options()).await;
    owner.kill().unwrap();
    owner.wait().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    wait_until("the server is dead", || !is_running(pid));
    assert_eq!(dir.server(), Some(pid), "its postmaster.pid is left behind");
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    assert_ne!(dir.running_server(), pid);
    assert!(work.is_finished(), "the server waits for what the old one left running");
    postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_postmaster_pid_that_names_another_program_stops_nobody() {
    let dir = DataDir::new();
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    let stale = fs::read_to_string(dir.data().join("postmaster.pid")).unwrap();
    postgres.stop().await.unwrap();
    // Of the server's own user: a program of another user would not worry it.
    let user = fs::metadata(dir.data()).unwrap().uid();
    let mut other = Command::new("sleep").arg("120").uid(user).spawn().unwrap();
    let (_, rest) = stale.split_once('\n').unwrap();
    fs::write(dir.data().join("postmaster.pid"), format!("{}\n{rest}", other.id())).unwrap();
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    assert_eq!(ask::<i32>(&postgres.connect_options(), "select 1").await.unwrap(), 1);
    postgres.stop().await.unwrap();
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_started_again_with_its_data() {
    let dir = DataDir::new();
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    let options = postgres.connect_options();
    tell(&options, "create table kept as select 7 as n").await;
    let mut at_work = options.connect().await.unwrap();
    let pid = dir.running_server();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let killed = Instant::now();
    loop {
        if let Ok(n) = ask::<i32>(&options, "select n from kept").await {
            assert_eq!(n, 7);
            break;
        }
        assert!(killed.elapsed() < Duration::from_secs(30), "not back within 30 s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("back after {:?}", killed.elapsed());
    assert_ne!(dir.running_server(), pid);
    assert!(at_work.execute("select 1").await.is_err(), "the old connection is gone");
    postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_waited_for_while_a_statement_of_it_still_runs() {
    let dir = DataDir::new();
    let one = EmbeddedPostgres::start(&dir.0).await.unwrap();
    let two = EmbeddedPostgres::start(&dir.0).await.unwrap();
    let options = one.connect_options();
    let work = keep_busy(&options).await;
    let pid = dir.running_server();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let killed = Instant::now();
    while ask::<i32>(&options, "select 1").await.is_err() {
        assert!(killed.elapsed() < Duration::from_secs(30), "not back within 30 s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("back after {:?}", killed.elapsed());
    assert!(work.is_finished(), "the server waits for what the old one left running");
    let pid = dir.running_server();
    one.stop().await.unwrap();
    assert_eq!(dir.running_server(), pid, "the other one still uses it");
    two.stop().await.unwrap();
    assert_eq!(dir.server(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_server_that_is_killed_is_started_again_too() {
    let dir = DataDir::new();
    let mut owner = start_owner(&dir);
    owner.kill().unwrap();
    owner.wait().unwrap();
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    let pid = dir.running_server();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while ask::<i32>(&postgres.connect_options(), "select 1").await.is_err() || dir.server() == Some(pid) {
        assert!(Instant::now() < deadline, "not back within 30 s");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_socket_was_removed_is_started_anew() {
    let dir = DataDir::new();
    let mut owner = start_owner(&dir);
    owner.kill().unwrap();
    owner.wait().unwrap();
    fs::remove_file(dir.0.join("postgres/run/.s.PGSQL.5432")).unwrap();
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    assert_eq!(ask::<i32>(&postgres.connect_options(), "select 1").await.unwrap(), 1);
    postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn starters_at_the_same_moment_share_one_server_and_the_last_one_stops_it() {
    let dir = DataDir::new();
    let (one, two, three) = tokio::join!(
        EmbeddedPostgres::start(&dir.0),
        EmbeddedPostgres::start(&dir.0),
        EmbeddedPostgres::start(&dir.0),
    );
    let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
    let pid = dir.running_server();
    one.stop().await.unwrap();
    three.stop().await.unwrap();
    assert_eq!(dir.running_server(), pid, "one of three still uses it");
    assert_eq!(ask::<i32>(&two.connect_options(), "select 1").await.unwrap(), 1);
    two.stop().await.unwrap();
    wait_until("the server ended with its last user", || !is_running(pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn starters_in_two_processes_share_one_server() {
    let dir = DataDir::new();
    let path = dir.0.clone();
    // A task of its own: the one here waits for the other process without yielding.
    let first = tokio::spawn(async move { EmbeddedPostgres::start(&path).await.unwrap() });
    let mut owner = tokio::task::block_in_place(|| start_owner(&dir));
    let postgres = first.await.unwrap();
    let pid = dir.running_server();
    postgres.stop().await.unwrap();
    assert_eq!(dir.running_server(), pid, "the other process still uses it");
    owner.kill().unwrap();
    owner.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let dir = DataDir::below(&format!("{}/a 'quoted\" name, with a comma", "long".repeat(30)));
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    assert_eq!(ask::<i32>(&postgres.connect_options(), "select 1").await.unwrap(), 1);
    let folder = postgres.connect_options().get_socket().unwrap().clone();
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    postgres.stop().await.unwrap();
    assert!(!folder.exists(), "nothing is left outside of the data folder");
    // A restart of the server makes it again.
    EmbeddedPostgres::start(&dir.0).await.unwrap().stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quoted_name_with_a_comma_is_only_a_name() {
    let dir = DataDir::below("a \"b\", c");
    let postgres = EmbeddedPostgres::start(&dir.0).await.unwrap();
    assert!(dir.0.join("postgres/run/.s.PGSQL.5432").exists());
    assert_eq!(ask::<i32>(&postgres.connect_options(), "select 1").await.unwrap(), 1);
    postgres.stop().await.unwrap();
}

#[track_caller]
fn check_refusal(error: EmbeddedPostgresError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_another_major_version_is_refused_with_the_package_to_install() {
    let dir = DataDir::new();
    fs::create_dir_all(dir.data()).unwrap();
    fs::write(dir.data().join("PG_VERSION"), "9\n").unwrap();
    let error = EmbeddedPostgres::start(&dir.0).await.unwrap_err();
    assert!(matches!(error, EmbeddedPostgresError::WrongMajor { needed: 9, .. }), "{error:?}");
    check_refusal(error, &["PostgreSQL 9", "apt-get install postgresql-9", "move the folder away"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_something_else_in_it_is_left_alone() {
    let dir = DataDir::new();
    fs::create_dir_all(dir.data()).unwrap();
    fs::write(dir.data().join("holiday.jpg"), "beach").unwrap();
    let error = EmbeddedPostgres::start(&dir.0).await.unwrap_err();
    check_refusal(error, &["is not a PostgreSQL data folder", "PG_VERSION"]);
    assert_eq!(fs::read(dir.data().join("holiday.jpg")).unwrap(), b"beach");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_written_is_refused_with_its_name() {
    let dir = DataDir::new();
    fs::write(dir.0.join("file"), "in the way").unwrap();
    let error = EmbeddedPostgres::start(&dir.0.join("file")).await.unwrap_err();
    assert!(matches!(error, EmbeddedPostgresError::NotWritable { .. }), "{error:?}");
    check_refusal(error, &["cannot write", "file/postgres", "DATA_DIR"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_folder_on_the_way_is_named() {
    let dir = DataDir::new();
    let closed = dir.0.join("closed");
    fs::create_dir_all(closed.join("inner")).unwrap();
    let as_root = fs::write("/proc/self/oom_score_adj", "0").is_ok() && fs::read("/etc/shadow").is_ok();
    if as_root {
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let error = EmbeddedPostgres::start(&closed.join("inner")).await.unwrap_err();
        check_refusal(error, &["does not run as root", "chmod o+x", "/closed"]);
    } else {
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
        let error = EmbeddedPostgres::start(&closed.join("new")).await.unwrap_err();
        check_refusal(error, &["cannot write", "/closed/new"]);
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_start_is_quoted() {
    let dir = DataDir::new();
    EmbeddedPostgres::start(&dir.0).await.unwrap().stop().await.unwrap();
    let file = dir.data().join("postgresql.conf");
    let settings = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{settings}\nno_such_setting = 1\n")).unwrap();
    let error = EmbeddedPostgres::start(&dir.0).await.unwrap_err();
    check_refusal(error, &["postgres failed", "no_such_setting", "server.log"]);
}
