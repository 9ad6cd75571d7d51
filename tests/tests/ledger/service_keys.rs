//! Services: made on the command line, known by a key, reporting for their own sources alone.

use std::process::Output;

use serde_json::{Value, json};
use tests::support::{
    Client, Stage,
    programme::{activity, unique, with},
};

fn run(stage: &Stage, arguments: &[&str]) -> Output {
    stage.service.command(arguments, "")
}

/// What was printed, and nothing but the one line.
#[track_caller]
fn key_of(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "the key alone: {text:?}");
    text.trim_end().to_owned()
}

#[track_caller]
fn refused(output: &Output, word: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains(word), "{word} in {said}");
}

fn service(stage: &Stage, sources: &str) -> (String, String, Client) {
    let name = format!("shop-{}", unique());
    let key = key_of(&run(stage, &["service", "create", &name, "--sources", sources]));
    (name, key.clone(), stage.nobody().with_token(&key))
}

/// The command line is another process: it tells the service, which has a second to hear it.
async fn until_dead(client: &Client) {
    let started = std::time::Instant::now();
    while client.get("/events").await.status == 200 {
        assert!(started.elapsed() < std::time::Duration::from_secs(1), "still alive after a second");
    }
    client.get("/events").await.problem(401, "unauthenticated");
}

fn from(source: &str, member: &str) -> Value {
    with(activity(member, "visit"), json!({"source": source}))
}

#[tokio::test]
async fn a_key_reports_for_its_sources_and_for_no_other() {
    let stage = Stage::shared().await;
    let (_, _, client) = service(stage, "shop,survey");
    let member = stage.newcomer().await;
    client.report_activity(&from("shop", &member)).await.created();
    client.report_activity(&from("survey", &member)).await.created();
    client.report_activity(&from("bank", &member)).await.problem(403, "source_not_allowed");
    client.report_activity(&from("Shop", &member)).await.problem(403, "source_not_allowed");
    client.report_activity(&from("ledger", &member)).await.problem(403, "source_reserved");
    let batch =
        client.post("/activities/batch", &json!({"activities": [from("shop", &member), from("bank", &member)]})).await;
    let results: Vec<_> =
        batch.list("/results").iter().map(|result| (result["status"].clone(), result["code"].clone())).collect();
    assert_eq!(results, [(json!(201), Value::Null), (json!(403), json!("source_not_allowed"))]);
    let banked = from("bank", &member);
    stage.reporter().await.report_activity(&banked).await.created();
    let void = |of: &Value| json!({"source": of["source"], "id": of["id"], "note": "reported by mistake"});
    client.post("/activities/void", &void(&banked)).await.problem(403, "source_not_allowed");
    let sold = from("shop", &member);
    client.report_activity(&sold).await.created();
    client.post("/activities/void", &void(&sold)).await.created();
}

#[tokio::test]
async fn a_key_is_a_service_among_callers() {
    let stage = Stage::shared().await;
    let (name, _, client) = service(stage, "shop");
    let (_, prize) = stage.operator().await.create_open_event(None).await;
    client.claim_for(&prize, &stage.newcomer().await).await.created();
    client.get("/events").await.ok();
    for path in ["/auth/me", "/claims/me", "/dashboard", "/audit/log", "/auth/users"] {
        client.get(path).await.problem(403, "forbidden");
    }
    let admin = stage.service.demo("admin").await;
    let services = admin.get("/auth/users?role=SERVICE&limit=200").await;
    let shown = services.list("/users").iter().find(|user| user["nickname"] == name.as_str()).expect("it is listed");
    assert_eq!((&shown["email"], &shown["inviteCode"]), (&Value::Null, &Value::Null));
    let claims = stage.log().await.events().await;
    assert!(
        claims
            .iter()
            .any(|event| event.stream_id == shown["id"].as_str().unwrap() && event.kind == "member.registered")
    );
}

#[tokio::test]
async fn a_key_is_kept_as_a_hash_and_shown_once() {
    let stage = Stage::shared().await;
    let (name, key, _) = service(stage, "shop");
    let secret = key.split('.').next_back().unwrap();
    let stored: String = sqlx::query_scalar("select string_agg(service_keys::text, ' ') from service_keys")
        .fetch_one(&stage.database.pool().await)
        .await
        .unwrap();
    assert!(!stored.contains(secret));
    let list = String::from_utf8(run(stage, &["service", "list"]).stdout).unwrap();
    let line = list.lines().find(|line| line.starts_with(&name)).unwrap();
    assert!(line.contains("sources shop") && line.contains("good") && !list.contains(secret), "{line}");
    assert!(!stage.service.log().contains(secret));
}

#[tokio::test]
async fn what_is_nearly_a_key_is_none() {
    let stage = Stage::shared().await;
    let (_, key, client) = service(stage, "shop");
    let (_, other, _) = service(stage, "shop");
    let (id, secret) = key.split_once('.').unwrap();
    let (other_id, _) = other.split_once('.').unwrap();
    for wrong in [
        id.to_owned(),
        format!("{id}."),
        format!("{id}.x{secret}"),
        format!("{other_id}.{secret}"),
        format!("rlk_{}.{secret}", uuid::Uuid::new_v4().simple()),
        secret.to_owned(),
        key.to_uppercase(),
    ] {
        let answer = client.with_token(&wrong).get("/events").await;
        answer.problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    }
    client.get("/events").await.ok();
}

#[tokio::test]
async fn a_key_is_rotated_by_a_second_one_and_revoked_everywhere_at_once() {
    let stage = Stage::shared().await;
    let (name, key, client) = service(stage, "shop");
    refused(&run(stage, &["service", "create", &name, "--sources", "shop"]), "--another-key");
    let second = key_of(&run(stage, &["service", "create", &name, "--another-key"]));
    let next = stage.nobody().with_token(&second);
    let member = stage.newcomer().await;
    next.report_activity(&from("shop", &member)).await.created();
    next.report_activity(&from("bank", &member)).await.problem(403, "source_not_allowed");

    client.get("/events").await.ok();
    let id = uuid::Uuid::parse_str(key.split_once('.').unwrap().0.trim_start_matches("rlk_")).unwrap().to_string();
    let revoked = run(stage, &["service", "revoke", &name, "--key", &id]);
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    until_dead(&client).await;
    next.get("/events").await.ok();
    refused(&run(stage, &["service", "revoke", &name, "--key", &id]), "service list");
    assert!(run(stage, &["service", "revoke", &name]).status.success());
    until_dead(&next).await;
    let list = String::from_utf8(run(stage, &["service", "list"]).stdout).unwrap();
    assert_eq!(list.lines().filter(|line| line.starts_with(&name) && line.contains("revoked")).count(), 2);
}

#[tokio::test]
async fn what_makes_no_service_is_said() {
    let stage = Stage::shared().await;
    refused(&run(stage, &["service", "create", "Bad Name", "--sources", "shop"]), "name of the service");
    refused(&run(stage, &["service", "create", "no-sources"]), "--sources");
    refused(&run(stage, &["service", "create", "ours", "--sources", "shop,ledger"]), "ledger");
    refused(&run(stage, &["service", "create", "blank", "--sources", "shop,,survey"]), "--sources");
    refused(&run(stage, &["service", "create", "nobody-knows", "--another-key"]), "there is no service with this name");
    refused(&run(stage, &["service", "revoke", "nobody-knows"]), "there is no service with this name");
}

#[tokio::test]
async fn a_service_that_is_erased_or_made_something_else_is_let_in_no_more() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    for erase in [true, false] {
        let (name, _, client) = service(stage, "shop");
        client.get("/events").await.ok();
        let services = admin.get("/auth/users?role=SERVICE&limit=200").await;
        let shown = services.list("/users").iter().find(|user| user["nickname"] == name.as_str()).unwrap().clone();
        let path = format!("/auth/users/{}", shown["id"].as_str().unwrap());
        if erase {
            admin.delete(&path, &json!({})).await.expect(204);
            client.get("/events").await.problem(401, "unauthenticated");
            key_of(&run(stage, &["service", "create", &name, "--sources", "shop"]));
        } else {
            admin.patch(&format!("{path}/role"), &json!({"role": "ADMIN"})).await.ok();
            client.get("/events").await.problem(401, "token_outdated");
            admin.patch(&format!("{path}/role"), &json!({"role": "SERVICE"})).await.ok();
        }
    }
}
