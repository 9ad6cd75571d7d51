//! Who gives whom which role, what becomes of tokens from before, and that an administrator stays.

use serde_json::json;
use tests::support::{
    Client, Database, Setup, Stage,
    client::Member,
    programme::{email, id},
};

async fn give(caller: &Client, member: &str, role: &str) -> tests::support::Answer {
    caller.patch(&format!("/auth/users/{member}/role"), &json!({"role": role})).await
}

/// A new account of this role, logged in.
async fn account(stage: &Stage, admin: &Client, role: &str) -> Member {
    let member = stage.nobody().register_with(json!({})).await;
    if role != "USER" {
        give(admin, &member.id, role).await.ok();
    }
    Member { client: stage.nobody().login(&member.email, "correct horse battery").await, ..member }
}

#[tokio::test]
async fn an_administrator_gives_every_role() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let member = stage.nobody().register_with(json!({})).await;
    for role in ["OPERATOR", "AUDITOR", "ADMIN", "SERVICE", "USER"] {
        let changed = give(&admin, &member.id, role).await;
        assert_eq!(changed.ok()["user"]["role"], role);
        assert!(changed.json["message"].is_string() && changed.position() > 0);
        assert_eq!(admin.get(&format!("/auth/users/{}", member.id)).await.ok()["user"]["role"], role);
    }
    let roles = admin.patch(&format!("/auth/users/{}/roles", member.id), &json!({"role": "AUDITOR"})).await;
    assert_eq!(roles.ok()["user"]["role"], "AUDITOR", "the other name of the route");
    let events = stage.log().await.events().await;
    let given: Vec<_> =
        events.iter().filter(|event| event.stream_id == member.id && event.kind == "member.role_changed").collect();
    assert_eq!(given.len(), 6);
    assert_eq!(given[5].position, roles.position());
}

#[tokio::test]
async fn an_operator_moves_members_between_two_roles_and_no_administrator() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let operator = stage.operator().await;
    let member = stage.nobody().register_with(json!({})).await;
    give(&operator, &member.id, "OPERATOR").await.ok();
    give(&operator, &member.id, "USER").await.ok();
    for role in ["ADMIN", "AUDITOR", "SERVICE"] {
        give(&operator, &member.id, role).await.problem(403, "forbidden");
        give(&admin, &member.id, role).await.ok();
        for back in ["USER", "OPERATOR", role] {
            give(&operator, &member.id, back).await.problem(403, "forbidden");
        }
        give(&admin, &member.id, "USER").await.ok();
    }
}

#[tokio::test]
async fn a_change_that_is_none_is_refused_by_its_name() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let member = stage.nobody().register_with(json!({})).await;
    give(&admin, &member.id, "KING").await.problem(400, "unknown_role");
    give(&admin, &member.id, "user").await.problem(400, "unknown_role");
    give(&admin, &member.id, "USER").await.problem(409, "same_role");
    give(&admin, &id(), "USER").await.problem(404, "not_found");
    let path = format!("/auth/users/{}/role", member.id);
    admin.patch(&path, &json!({})).await.invalid("role");
    admin.patch(&path, &json!({"role": 1})).await.invalid("role");
    admin.patch(&path, &json!({"role": "USER", "note": "x"})).await.invalid("note");
    for name in ["admin", "operator"] {
        let caller = stage.service.demo(name).await;
        let own = caller.get("/auth/me").await.text("/user/id");
        give(&caller, &own, "USER").await.problem(403, "own_role");
    }
}

#[tokio::test]
async fn a_token_from_before_is_worth_nothing_at_once_and_the_next_one_has_the_new_role() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let member = account(stage, &admin, "OPERATOR").await;
    member.client.get("/claims").await.ok();
    let session = json!({"email": member.email, "password": "correct horse battery"});
    let refresh = stage.nobody().post("/auth/login", &session).await.text("/refreshToken");
    give(&admin, &member.id, "USER").await.ok();
    let outdated = member.client.get("/claims").await;
    outdated.problem(401, "token_outdated");
    assert_eq!(outdated.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));

    let next = stage.nobody().post("/auth/refresh", &json!({"refreshToken": refresh})).await;
    let now = stage.nobody().with_token(&next.text("/accessToken"));
    assert_eq!(now.get("/auth/me").await.ok()["user"]["role"], "USER");
    now.get("/claims").await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_token_from_before_stays_worth_nothing_when_the_role_comes_back() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let member = stage.nobody().sign_up().await;
    for _ in 0..3 {
        let before = stage.nobody().login(&member.email, "correct horse battery").await;
        before.get("/auth/me").await.ok();
        give(&admin, &member.id, "OPERATOR").await.ok();
        give(&admin, &member.id, "USER").await.ok();
        before.get("/auth/me").await.problem(401, "token_outdated");
        // also within the same second
        stage.nobody().login(&member.email, "correct horse battery").await.get("/auth/me").await.ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_unmake_each_other_at_once_one_stays() {
    let database = Database::fresh().await;
    let both = [Setup::on(&database).without_demo().launch(), Setup::on(&database).without_demo().launch()];
    futures::join!(both[0].ready(), both[1].ready());
    let mut chiefs = Vec::new();
    for service in &both {
        let chief = email();
        let made = service.command(&["admin", "create", "--email", &chief], "a long enough password\n");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        chiefs.push((service.client().login(&chief, "a long enough password").await, chief));
    }
    let ids = [chiefs[0].0.get("/auth/me").await.text("/user/id"), chiefs[1].0.get("/auth/me").await.text("/user/id")];
    for _ in 0..6 {
        let (one, other) = futures::join!(give(&chiefs[0].0, &ids[1], "USER"), give(&chiefs[1].0, &ids[0], "AUDITOR"));
        let answers = [one, other];
        let winner = answers.iter().position(|answer| answer.status == 200).expect("one of them comes first");
        let loser = &answers[1 - winner];
        let named = (loser.status, loser.json["code"].as_str().unwrap_or_default());
        assert!([(409, "last_admin"), (401, "token_outdated")].contains(&named), "{loser}");
        give(&chiefs[winner].0, &ids[1 - winner], "ADMIN").await.ok();
        for (service, (client, chief)) in both.iter().zip(&mut chiefs) {
            *client = service.client().login(chief, "a long enough password").await;
        }
    }
    let erased = chiefs[0].0.delete(&format!("/auth/users/{}", ids[1]), &json!({})).await;
    erased.expect(204);
    chiefs[0].0.delete(&format!("/auth/users/{}", ids[0]), &json!({})).await.problem(409, "last_admin");
    let me = json!({"password": "a long enough password"});
    chiefs[0].0.delete("/auth/me", &me).await.problem(409, "last_admin");
    assert_eq!(chiefs[0].0.get("/auth/me").await.ok()["user"]["role"], "ADMIN");
}
