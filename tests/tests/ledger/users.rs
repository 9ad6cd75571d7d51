//! Accounts as staff see them: the list, the look-ups, and blocking.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;
use tests::support::{
    Client, Stage,
    programme::{id, unique},
};

async fn admin() -> Client {
    Stage::shared().await.service.demo("admin").await
}

#[tokio::test]
async fn staff_look_an_account_up_by_its_id_and_by_its_e_mail_in_any_case() {
    let stage = Stage::shared().await;
    let member = stage.nobody().sign_up_with(json!({"nickname": format!("Mo {}", unique())})).await;
    let own = member.client.get("/auth/me").await.ok()["user"].clone();
    for staff in [stage.operator().await, admin().await] {
        assert_eq!(staff.get(&format!("/auth/users/{}", member.id)).await.ok()["user"], own);
        let by_email = staff.get(&format!("/auth/users/email?email={}", member.email.to_uppercase())).await;
        assert_eq!(by_email.ok()["user"], own);
        assert!(!by_email.json.to_string().contains("argon2"), "no hash of a password is shown");
    }
    let operator = stage.operator().await;
    operator.get(&format!("/auth/users/{}", id())).await.problem(404, "not_found");
    operator.get("/auth/users/nonsense").await.problem(404, "not_found");
    operator.get("/auth/users/email?email=nobody@example.org").await.problem(404, "not_found");
    operator.get("/auth/users/email").await.invalid("query.email");
    operator.get("/auth/users/email?email=a@example.org&x=1").await.invalid("query.x");
}

#[tokio::test(flavor = "multi_thread")]
async fn walking_the_list_while_others_sign_up_skips_nobody_and_repeats_nobody() {
    let stage = Stage::own().await;
    let nobody = stage.nobody();
    let admin = stage.service.demo("admin").await;
    let early: Vec<String> =
        join_all((0..12).map(|_| nobody.register_with(json!({})))).await.into_iter().map(|member| member.id).collect();
    let (seen, _) = futures::join!(walk(&admin, "/auth/users?limit=3"), async {
        for _ in 0..8 {
            nobody.register_with(json!({})).await;
        }
    });
    let distinct: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(distinct.len(), seen.len(), "nobody is there twice");
    assert!(early.iter().all(|id| distinct.contains(id)), "whoever was there is there");

    let all = walk(&admin, "/auth/users?limit=200").await;
    assert_eq!(all.len(), 5 + 12 + 8, "the demo's accounts and all the others, but no imported member");
    let users = walk(&admin, "/auth/users?limit=7&role=USER").await;
    assert_eq!(users, all.iter().filter(|id| users.contains(id)).cloned().collect::<Vec<_>>(), "in the same order");
    assert_eq!(users.len(), 1 + 12 + 8);
    for role in ["OPERATOR", "AUDITOR", "ADMIN", "SERVICE"] {
        assert_eq!(walk(&admin, &format!("/auth/users?role={role}")).await.len(), 1, "{role}");
    }
}

async fn walk(caller: &Client, path: &str) -> Vec<String> {
    let first = caller.get(path).await;
    first.ok();
    let mut users = first.list("/users").to_vec();
    if let Some(cursor) = first.json["nextCursor"].as_str() {
        users.extend(caller.walk(path, "users", cursor).await);
    }
    users.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_list_refuses_what_it_does_not_know() {
    let operator = Stage::shared().await.operator().await;
    for (query, field) in
        [("role=KING", "role"), ("role=user", "role"), ("limit=0", "limit"), ("limit=201", "limit"), ("x=1", "x")]
    {
        operator.get(&format!("/auth/users?{query}")).await.invalid(&format!("query.{field}"));
    }
    operator.get("/auth/users?cursor=nonsense").await.problem(400, "invalid_cursor");
    let page = operator.get("/auth/users?limit=1").await;
    let cursor = page.text("/nextCursor");
    operator.get(&format!("/auth/users?role=USER&cursor={cursor}")).await.problem(400, "invalid_cursor");
    admin().await.get(&format!("/auth/users?cursor={cursor}")).await.problem(400, "invalid_cursor");
}

#[tokio::test]
async fn a_blocked_member_logs_in_but_claims_nothing_until_the_block_is_lifted() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let (_, prize) = operator.create_open_event(None).await;
    let member = stage.nobody().sign_up().await;
    let path = |step: &str| format!("/auth/users/{}/{step}", member.id);
    let note = json!({"note": "Five accounts, one phone."});

    let blocked = operator.post(&path("block"), &note).await;
    assert_eq!(blocked.ok()["user"]["blocked"], true);
    assert!(blocked.json["message"].is_string());
    let again = operator.post(&path("block"), &note).await;
    assert_eq!((again.ok()["user"]["blocked"].as_bool(), again.header("ledger-position")), (Some(true), None));
    let there = stage.nobody().login(&member.email, "correct horse battery").await;
    assert_eq!(there.get("/auth/me").await.ok()["user"]["blocked"], true);
    there.claim(&prize).await.problem(403, "member_blocked");

    let lifted = operator.post(&path("unblock"), &json!({"note": "They are siblings."})).await;
    assert_eq!(lifted.ok()["user"]["blocked"], false);
    assert!(lifted.position() > blocked.position());
    there.claim(&prize).await.created();

    let events = stage.log().await.events().await;
    let kept: Vec<_> = events
        .iter()
        .filter(|event| event.stream_id == member.id && event.kind.ends_with("blocked"))
        .map(|event| (event.position, event.payload.contains("one phone"), event.payload.contains("siblings")))
        .collect();
    assert_eq!(kept, [(blocked.position(), true, false), (lifted.position(), false, true)]);
}

#[tokio::test]
async fn blocking_asks_for_a_note_and_an_account() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let member = stage.nobody().register_with(json!({})).await;
    for step in ["block", "unblock"] {
        let path = format!("/auth/users/{}/{step}", member.id);
        operator.post(&path, &json!({})).await.invalid("note");
        operator.post(&path, &json!({"note": " "})).await.invalid("note");
        operator.post(&path, &json!({"note": "x".repeat(1_001)})).await.invalid("note");
        let unknown = format!("/auth/users/{}/{step}", id());
        operator.post(&unknown, &json!({"note": "who?"})).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn an_unknown_e_mail_costs_as_much_as_a_wrong_password() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.register_with(json!({})).await;
    let mut spent = [std::time::Duration::ZERO; 2];
    for _ in 0..6 {
        for (email, spent) in [member.email.as_str(), "nobody@example.org"].into_iter().zip(&mut spent) {
            let started = std::time::Instant::now();
            nobody.post("/auth/login", &json!({"email": email, "password": "incorrect horse"})).await;
            *spent += started.elapsed();
        }
    }
    let ratio = spent[1].as_secs_f64() / spent[0].as_secs_f64();
    assert!((0.25..4.0).contains(&ratio), "wrong password {:?}, unknown e-mail {:?}", spent[0], spent[1]);
}
