//! The harness itself: what the black-box tests stand on holds before the service is there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    message::{Header, OwnedHeaders},
    mocking::MockCluster,
    producer::{FutureProducer, FutureRecord},
};
use sqlx::Connection as _;
use tests::support::{Broker, Cluster, Database, Log, topic::Topic};

const CHILD: &str = "HARNESS_CHILD_TO_KILL";

#[tokio::test]
async fn a_database_belongs_to_a_role_without_privileges() {
    let database = Database::fresh().await;
    let pool = database.pool().await;
    let superuser: bool =
        sqlx::query_scalar("select rolsuper or rolcreaterole from pg_roles where rolname = current_user")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(!superuser);
    sqlx::query("create table mine (number bigint)").execute(&pool).await.unwrap();
    let fsync: String = sqlx::query_scalar("show fsync").fetch_one(&pool).await.unwrap();
    assert_eq!(fsync, "on");
}

#[tokio::test]
async fn a_log_with_a_hole_or_a_broken_chain_is_noticed() {
    for (second, sound) in [
        ("2, 'b', 2, '\\x01', '\\x02'", true),
        ("3, 'b', 2, '\\x01', '\\x02'", false),
        ("2, 'b', 3, '\\x01', '\\x02'", false),
        ("2, 'b', 2, '\\x07', '\\x02'", false),
        ("2, 'b', 2, '\\x01', '\\x07'", false),
    ] {
        let database = Database::fresh().await;
        let log = Log::of(&database).await;
        let insert = "insert into events (position, event_id, sequence, previous_hash, hash) values";
        for statement in [
            "create table events (
                position bigint, event_id text, sequence bigint, previous_hash bytea, hash bytea,
                aggregate_type text default 'claim', aggregate_id text default 'one', epoch bigint default 1,
                event_type text default 'claim.denied', event_version text default '1', subject text default 'somebody', payload json default '{}',
                recorded_at timestamptz default now())",
            "create table log_head as select 2::bigint as position, '\\x02'::bytea as hash, 1::bigint as epoch",
            &format!("{insert} (1, 'a', 1, '\\x00', '\\x01')"),
            &format!("{insert} ({second})"),
        ] {
            log.run(statement).await.unwrap();
        }
        assert_eq!(log.streams_with("claim.denied").await["one"], 2);
        let verdict = tokio::spawn(async move { log.assert_sound().await }).await;
        assert_eq!(verdict.is_ok(), sound, "{second}");
    }
}

#[tokio::test]
async fn a_crashed_postgres_comes_back_with_what_was_committed() {
    let started = Instant::now();
    let cluster = Cluster::launch().await;
    println!("PostgreSQL is there after {:?}", started.elapsed());
    let database = cluster.database().await;
    let pool = database.pool().await;
    sqlx::query("create table kept as select 7 as number").execute(&pool).await.unwrap();
    for crash in [false, true] {
        if crash {
            cluster.crash()
        } else {
            cluster.stop()
        }
        assert!(sqlx::PgConnection::connect(&database.url).await.is_err());
        let started = Instant::now();
        cluster.start().await;
        println!("PostgreSQL is back after {:?}", started.elapsed());
        let kept: i32 = sqlx::query_scalar("select number from kept").fetch_one(&database.pool().await).await.unwrap();
        assert_eq!(kept, 7);
    }
}

#[tokio::test]
async fn a_stopped_broker_comes_back_with_its_messages() {
    let started = Instant::now();
    let broker = Broker::launch();
    println!("Kafka is there after {:?}", started.elapsed());
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.bootstrap());
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let topic = NewTopic::new("kept", 3, TopicReplication::Fixed(1));
    admin.create_topics(&[topic], &AdminOptions::new()).await.unwrap().into_iter().for_each(|made| {
        made.unwrap();
    });
    let producer: FutureProducer = config.clone().set("enable.idempotence", "true").create().unwrap();
    for number in 0..20 {
        let (key, value) = (format!("key {}", number % 4), format!("value {number}"));
        producer.send(FutureRecord::to("kept").key(&key).payload(&value), Duration::from_secs(10)).await.unwrap();
    }
    let reader = Topic::new(&broker.bootstrap(), "kept");
    assert_eq!(reader.partitions(), 3);
    let before = reader.messages();
    assert_eq!(before.len(), 20);
    broker.stop();
    let started = Instant::now();
    broker.start();
    println!("Kafka is back after {:?}", started.elapsed());
    assert_eq!(Topic::new(&broker.bootstrap(), "kept").messages(), before);
}

#[tokio::test]
async fn an_embedded_broker_is_read_like_a_real_one() {
    let broker = MockCluster::new(1).unwrap();
    broker.create_topic("mock", 12, 1).unwrap();
    let address = broker.bootstrap_servers();
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", &address).create().unwrap();
    let headers = OwnedHeaders::new().insert(Header { key: "ce_position", value: Some("1") });
    let record = FutureRecord::to("mock").key("somebody").payload("{}").headers(headers);
    producer.send(record, Duration::from_secs(10)).await.unwrap();
    let messages = Topic::new(&address, "mock").messages_up_to(1, Duration::from_secs(10));
    assert_eq!((messages[0].key.as_str(), messages[0].position()), ("somebody", 1));
}

#[test]
fn a_killed_test_process_takes_its_servers_with_it() {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let pids = lines.find_map(|line| line.unwrap().split_once("servers: ").map(|(_, pids)| pids.to_owned()));
    let servers: Vec<String> = pids.expect("the victim says its servers").split(' ').map(str::to_owned).collect();
    assert!(servers.iter().all(|pid| alive(pid)), "they run while the victim does");
    victim.kill().unwrap();
    victim.wait().unwrap();
    let started = Instant::now();
    while servers.iter().any(|pid| alive(pid)) {
        assert!(started.elapsed() < Duration::from_secs(10), "a server outlived its test: {servers:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The other half of the test above.
#[tokio::test]
#[ignore = "started by the test above"]
async fn a_process_that_waits_to_be_killed() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let broker = tokio::task::spawn_blocking(Broker::launch).await.unwrap(); // its thread may end: the broker may not
    let cluster = Cluster::launch().await;
    println!("servers: {} {}", broker.pid().unwrap(), cluster.pid().unwrap());
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// A zombie has ended: in a container nobody may be there to fetch its status.
fn alive(pid: &str) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid).join("status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// Runs the check of advisories with tools that do what a test wants: `cargo` and `git` as shell scripts.
fn advisories(cargo: &str, git: &str) -> (bool, String) {
    let tools = tests::support::folder::fresh("tools");
    for (name, script) in [("cargo", cargo), ("git", git)] {
        let file = tools.join(name);
        std::fs::write(&file, format!("#!/usr/bin/env bash\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/advisories");
    let output = Command::new(script).env("PATH", path).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn advisories_are_looked_up_where_that_is_possible_and_the_age_of_the_lock_is_always_shown() {
    let (clean, fault) = ("exit 0", r#"if [[ "$*" == *check* || "$*" == audit ]]; then exit 1; fi"#);
    let (none, online, offline) =
        ("exit 1", "if [[ $1 == log ]]; then date +%s; fi", "if [[ $1 == ls-remote ]]; then exit 2; fi");
    for (cargo, git, passes, said) in [
        (none, online, true, "NOT checked: neither"),
        (clean, offline, true, "cannot be reached"),
        (clean, online, true, "advisories: checked"),
        (fault, online, false, "cargo deny"),
    ] {
        let (passed, told) = advisories(cargo, git);
        assert!(passed == passes && told.contains(said) && told.contains("Cargo.lock is "), "{told}");
    }
    let (_, old) = advisories(none, "if [[ $1 == log ]]; then echo 1600000000; fi");
    assert!(old.contains("older than 90 days"), "{old}");
}
