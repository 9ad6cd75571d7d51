//! `reward-ledger projections` and `reward-ledger rebuild`, beside a service that serves and follows: what they say,
//! what they refuse, and that a rebuild may be killed at any moment.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::support::{Log, Service, Setup, Stage, binary, programme::crowd};

const NAMES: [&str; 4] = ["member_facts", "claim_history", "campaign_catalogue", "dashboard"];

fn answer(service: &Service, arguments: &[&str]) -> Value {
    let output = service.command(arguments, "");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("one JSON document, not {text}"))
}

fn digest(service: &Service, name: &str) -> Value {
    answer(service, &["projections", "digest", name, "--json"])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_projection_says_where_it_stands() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    operator.create_open_event(Some(3)).await;
    let head = stage.log().await.head().await;
    for _ in 0..100 {
        let all = answer(&stage.service, &["projections", "--json"]);
        let projections = all["projections"].as_array().unwrap();
        assert!(NAMES.iter().all(|name| projections.iter().any(|one| one["name"] == *name)), "{all}");
        for one in projections {
            assert!(one["version"].as_i64() >= Some(1) && one["state"] == "following", "{one}");
            assert!(one["lagSeconds"].as_f64() >= Some(0.0), "{one}");
        }
        let done = |one: &Value| one["lagEvents"] == 0 && one["position"].as_i64() >= Some(head);
        if projections.iter().all(done) {
            let told = stage.service.command(&["projections"], "");
            assert!(String::from_utf8_lossy(&told.stdout).contains("claim_history"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a projection stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_about_a_projection_needs_a_reason() {
    let stage = Stage::shared().await;
    for arguments in
        [&["projections", "skip", "claim_history"][..], &["projections", "retry", "claim_history", "--reason", ""]]
    {
        assert!(!stage.service.command(arguments, "").status.success(), "{arguments:?}");
    }
    let unknown = stage.service.command(&["projections", "retry", "horoscope", "--reason", "why not"], "");
    assert!(!unknown.status.success());
    let fine = stage.service.command(&["projections", "retry", "claim_history", "--reason", "to be sure"], "");
    assert!(String::from_utf8_lossy(&fine.stdout).contains("has not stopped at any event"));
}

/// Starts a rebuild and kills it after a while; answers whether it was killed before its end.
fn kill_a_rebuild(database: &str, name: &str, after: Duration) -> bool {
    let mut rebuild = Command::new(binary::reward_ledger());
    rebuild.args(["rebuild", name]).env("DATABASE_URL", database).env("DATA_DIR", std::env::temp_dir());
    let mut child = rebuild.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts");
    std::thread::sleep(after);
    let ended = child.try_wait().unwrap().is_some();
    child.kill().ok();
    child.wait().ok();
    !ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_killed_beside_a_service_harms_nothing_and_is_finished_later() {
    let stage = Stage::own().await;
    let (operator, service) = (stage.operator().await, stage.reporter().await);
    let (_, prize) = operator.create_open_event(None).await;
    let (members, facts) = crowd(150);
    stage.service.import(&facts);
    let mut members = members.into_iter();
    let mut last = 0;
    let mut killed = 0;
    for round in 0..12_u64 {
        let url = stage.database.url.clone();
        let wait = Duration::from_millis(60 + round * 25);
        let rebuild = tokio::task::spawn_blocking(move || kill_a_rebuild(&url, NAMES[(round % 4) as usize], wait));
        for member in members.by_ref().take(10) {
            let granted = service.claim_for(&prize, &member).await;
            granted.created();
            last = granted.position();
            let seen = operator.get_at(&format!("/claims?rewardId={prize}&userId={member}"), last).await;
            assert_eq!(seen.list("/claims").len(), 1, "nobody reads a hole: {seen}");
        }
        killed += usize::from(rebuild.await.unwrap());
    }
    assert!(killed > 2, "only {killed} rebuilds were killed in time");
    for name in NAMES {
        let before = digest(&stage.service, name);
        let rebuilt = answer(&stage.service, &["rebuild", name, "--json"]);
        assert_eq!(rebuilt["compared"]["same"], true, "{rebuilt}");
        let after = digest(&stage.service, name);
        assert_eq!(before["digest"], after["digest"], "{name}");
        assert!(after["position"].as_i64() >= Some(last));
    }
    let leftover = "select 1 / (select 1 - count(*)::int from pg_tables where tablename like '%\\_\\_next')";
    Log::of(&stage.database).await.run(leftover).await.expect("no table is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_a_rebuild_works_as_well() {
    let stage = Stage::own().await;
    stage.service.terminate();
    let rebuilt = answer(&stage.service, &["rebuild", "member_facts", "--json"]);
    assert_eq!(rebuilt["compared"]["same"], true, "{rebuilt}");
    let again = Setup::on(&stage.database).start().await;
    assert_eq!(digest(&again, "member_facts")["digest"], digest(&stage.service, "member_facts")["digest"]);
}
