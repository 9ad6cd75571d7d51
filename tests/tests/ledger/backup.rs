//! The drill: a server is lost and comes back from a base back-up and its archived WAL, at a moment of its past. What was
//! acknowledged up to then is there, the log goes on in another epoch, relay and workers find their place, and what only the topic
//! knows is told. The scripts of `deploy/backup/` do it, on a real PostgreSQL and a real Kafka.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tests::support::{
    Broker, Cluster, Database, Service, Setup, auditor::Auditor, folder, programme::unique, swarm::something_happens,
};

/// For a machine that is ten times as slow.
const SOON: Duration = Duration::from_secs(180);

fn script(name: &str) -> PathBuf {
    folder::workspace().join("deploy/backup").join(name)
}

/// What a script prints; it succeeds.
#[track_caller]
fn done(command: &mut Command) -> String {
    let output = command.output().expect("the script starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// What a script says when it refuses.
#[track_caller]
fn refused(command: &mut Command) -> String {
    let output = command.output().expect("the script starts");
    assert!(!output.status.success(), "{command:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn asked<T>(cluster: &Cluster, sql: &str) -> T
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
{
    let mut admin = PgConnection::connect(&cluster.admin_url()).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut admin).await.unwrap()
}

async fn head(database: &Database) -> (i64, i64) {
    let sql = "select position, epoch from log_head";
    sqlx::query_as(sql).fetch_one(&database.pool().await).await.unwrap()
}

fn topic_verified(service: &Service, wait: &str) -> (Option<i32>, Value) {
    let output = service.command(&["kafka", "verify", "--wait", wait, "--json"], "");
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    (output.status.code(), serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said} {error}")))
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < SOON, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until workers feed a projection and it stands at the end of the log.
async fn workers_are_at_the_end(service: &Service) {
    until("the workers are at the end", async || {
        let output = service.command(&["projections", "--json"], "");
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();
        let one = all["projections"].as_array().unwrap().iter().find(|one| one["name"] == "claim_history").unwrap();
        one["partitions"].as_array().map(Vec::len) == Some(12) && one["lagEvents"] == 0
    })
    .await;
}

fn worker(database: &Database, broker: &Broker, topic: &str) -> Service {
    let arguments = ["serve", "--only", "worker", "--projection", "claim_history"];
    Setup::on(database).kafka(broker, topic).env("WORKER_SESSION_MS", "6000").arguments(&arguments).launch()
}

/// A server that archives its WAL, and where to.
async fn archiving() -> (std::sync::Arc<Cluster>, PathBuf) {
    let archive = Cluster::folder_of_its_own("archive");
    let command = format!("archive_command=\"{}\" \"{}\" %p %f", script("archive-wal").display(), archive.display());
    let settings = ["archive_mode=on", "wal_level=replica", Box::leak(command.into_boxed_str())];
    (Cluster::launch_with(Box::leak(Box::new(settings))).await, archive)
}

async fn archived(cluster: &Cluster, archive: &Path) {
    let segment: String = asked(cluster, "select pg_walfile_name(pg_switch_wal())").await;
    until("the segment is archived", async || archive.join(&segment).exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_comes_back_at_a_moment_and_what_only_the_topic_knows_is_told() {
    let (cluster, archive) = archiving().await;
    let (database, broker, topic) = (cluster.database().await, Broker::shared(), format!("drill-{}", unique()));
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    let fed = worker(&database, broker, &topic);
    something_happens(&service, 30, 20).await;

    // the base back-up, while it serves
    let folder = Cluster::folder_of_its_own("backup");
    let base = done(cluster.program(script("base-backup")).arg(cluster.admin_url()).arg(&folder));
    something_happens(&service, 30, 20).await;
    workers_are_at_the_end(&service).await;
    let auditor = Auditor::of(&database.url);
    let checkpoint = folder::fresh("drill").join("log.checkpoint").display().to_string();
    fs::write(&checkpoint, auditor.run(&["audit", "checkpoint"]).out).unwrap();
    let (kept, _) = head(&database).await;
    let moment: String = asked(&cluster, "select clock_timestamp()::text").await;

    // what comes after the moment is archived in part, published as a whole, and lost
    something_happens(&service, 30, 20).await;
    archived(&cluster, &archive).await;
    something_happens(&service, 30, 20).await;
    let (code, found) = topic_verified(&service, "60s");
    assert_eq!(code, Some(0), "{found}");
    let (lost, epoch) = head(&database).await;
    assert!(lost > kept + 50 && epoch == 1, "{kept} {lost} {epoch}");
    fed.kill_9();
    service.kill_9();
    cluster.crash();

    // nothing is written over what may be of use
    let restore = |moment: &str| {
        let mut command = cluster.program(script("restore-server"));
        command.arg(&base).arg(&archive).arg(cluster.data()).arg(moment);
        command
    };
    assert!(refused(&mut restore(&moment)).contains("is not empty: move it away"));
    cluster.lose();
    done(&mut restore(&moment));
    cluster.start().await;
    until("it takes writes", async || !asked::<bool>(&cluster, "select pg_is_in_recovery()").await).await;

    // the log ends where it ended then, and the topic knows more
    assert_eq!(head(&database).await, (kept, 1));
    let verified = auditor.verify(&["--checkpoint", &checkpoint]);
    assert_eq!(verified.code, 0, "{:?} {}", verified.failed(), verified.err);
    let (code, found) = topic_verified(&service, "0s");
    assert_eq!(code, Some(1), "{found}");
    assert_eq!((&found["position"], &found["missing"]), (&kept.into(), &0.into()), "{found}");
    let unknown = found["unknown"].as_i64().unwrap();
    assert!(unknown >= lost - kept, "{unknown} of {}: {found}", lost - kept);
    let unknown = found["checks"].as_array().unwrap().iter().find(|check| check["name"] == "positions").unwrap();
    assert!(unknown["firstFailure"]["position"].as_i64().unwrap() > kept, "{unknown}");

    // it goes on in another epoch, under the positions that were lost
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    let fed = worker(&database, broker, &topic);
    something_happens(&service, 30, 20).await;
    let (gone_on, epoch) = head(&database).await;
    assert!(gone_on > kept && epoch == 2, "{gone_on} {epoch}");
    workers_are_at_the_end(&service).await;
    let (code, found) = topic_verified(&service, "60s");
    assert_eq!((code, &found["missing"]), (Some(1), &0.into()), "the relay has found its place: {found}");
    assert!(found["relayPosition"].as_i64().unwrap() >= gone_on, "{found}");
    fed.terminate();
    service.terminate();
    let verified = auditor.verify(&["--checkpoint", &checkpoint]);
    assert_eq!(verified.code, 0, "{:?} {}", verified.failed(), verified.err);

    // a topic of its own has nothing of the life that was lost
    let anew = format!("{topic}.anew");
    let service = Setup::on(&database).kafka(broker, &anew).start().await;
    let (code, found) = topic_verified(&service, "60s");
    assert_eq!((code, &found["unknown"]), (Some(0), &0.into()), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_back_up_that_was_altered_and_a_segment_that_is_another_are_refused() {
    let (cluster, archive) = archiving().await;
    archived(&cluster, &archive).await;
    let segment = fs::read_dir(&archive).unwrap().map(|it| it.unwrap().path()).next().unwrap();
    let name = segment.file_name().unwrap();
    let archive_again = |from: &Path| {
        let mut command = cluster.program(script("archive-wal"));
        command.arg(&archive).arg(from).arg(name);
        command
    };
    done(&mut archive_again(&segment));
    let other = Cluster::folder_of_its_own("segment").join("other");
    fs::write(&other, "other").unwrap();
    assert!(refused(&mut archive_again(&other)).contains("has other content"));

    let folder = Cluster::folder_of_its_own("backup");
    let base = PathBuf::from(done(cluster.program(script("base-backup")).arg(cluster.admin_url()).arg(&folder)));
    let restore = || {
        let mut command = cluster.program(script("restore-server"));
        command.arg(&base).arg(&archive).arg(folder.join("data"));
        command
    };
    fs::write(base.join("PG_VERSION"), "9\n").unwrap();
    assert!(refused(&mut restore()).contains("was altered"));
    fs::remove_file(base.join("backup_manifest")).unwrap();
    assert!(refused(&mut restore()).contains("is no base back-up"));
    let nobody = "postgres://nobody@127.0.0.1:1/none";
    refused(cluster.program(script("base-backup")).arg(nobody).arg(&folder));
    assert!(fs::read_dir(&folder).unwrap().all(|it| !it.unwrap().path().to_string_lossy().ends_with(".part")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_are_copied_for_nobody_else_to_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = Database::fresh().await;
    let service = Setup::on(&database).start().await;
    let folder = folder::fresh("keys");
    let keys = || {
        let mut command = Command::new(script("keys"));
        command.arg(&folder).env("DATA_DIR", service.data());
        command
    };
    let copied = done(&mut keys());
    assert_eq!(copied.lines().next(), Some("token.keys"), "{copied}");
    let copy = folder.join("token.keys");
    assert_eq!(fs::read(&copy).unwrap(), fs::read(service.data().join("token.keys")).unwrap());
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(refused(keys().env("CODES_KEY_FILE", "/nowhere/codes")).contains("there is no /nowhere/codes"));
    assert!(refused(keys().env("DATA_DIR", "/nowhere")).contains("no keys in /nowhere"));
}
