//! Being forgotten: everything personal goes, the log stays as it was, and nobody else loses anything.

use serde_json::{Value, json};
use tests::support::{
    Client, Stage,
    programme::{activity, id, unique},
};

const PASSWORD: &str = "correct horse battery";

async fn members(auditor: &Client, at: i64) -> i64 {
    auditor.get_at("/dashboard", at).await.number("/members/total")
}

#[tokio::test]
async fn a_member_who_leaves_takes_everything_personal_along_and_nothing_else() {
    let stage = Stage::own().await;
    let (nobody, operator, auditor, reporter) =
        (stage.nobody(), stage.operator().await, stage.auditor().await, stage.reporter().await);
    let (_, prize) = operator.create_open_event(None).await;
    let nickname = format!("Zoë {}", unique());
    let member = nobody.sign_up_with(json!({"nickname": nickname})).await;
    let other = nobody.sign_up().await;
    let code = member.client.get("/auth/invite-code").await.text("/inviteCode");
    member.client.claim(&prize).await.created();
    let kept = other.client.claim(&prize).await;
    kept.created();
    let session = nobody.post("/auth/login", &json!({"email": member.email, "password": PASSWORD})).await;
    let before = members(&auditor, kept.position()).await;
    let log = stage.log().await;
    let events = log.events().await;

    member.client.delete("/auth/me", &json!({})).await.invalid("password");
    member.client.delete("/auth/me", &json!({"password": "wrong"})).await.problem(401, "invalid_credentials");
    let gone = member.client.delete("/auth/me", &json!({"password": PASSWORD})).await;
    gone.expect(204);
    assert!(gone.header("set-cookie").unwrap().starts_with("refreshToken=;"));

    // the account
    member.client.get("/auth/me").await.problem(401, "unauthenticated");
    let refresh = json!({"refreshToken": session.text("/refreshToken")});
    nobody.post("/auth/refresh", &refresh).await.problem(401, "unauthenticated");
    nobody
        .post("/auth/login", &json!({"email": member.email, "password": PASSWORD}))
        .await
        .problem(401, "invalid_credentials");
    operator.get(&format!("/auth/users/{}", member.id)).await.problem(404, "not_found");
    operator.get(&format!("/auth/users/email?email={}", member.email)).await.problem(404, "not_found");
    let list = operator.get("/auth/users?limit=200").await;
    assert!(list.list("/users").iter().all(|user| user["id"] != member.id));
    let note = json!({"note": "late"});
    operator.post(&format!("/auth/users/{}/block", member.id), &note).await.problem(404, "not_found");
    let row: Value = sqlx::query_scalar("select to_jsonb(accounts) from accounts where id = $1::uuid")
        .bind(&member.id)
        .fetch_one(&stage.database.pool().await)
        .await
        .unwrap();
    for column in
        ["email", "email_key", "password_hash", "nickname", "nickname_key", "bio", "birth_date", "invite_code"]
    {
        assert_eq!(row[column], Value::Null, "{column}");
    }

    // the log
    let after = log.events().await;
    assert_eq!(after[..events.len()], events, "what was written stays as it was");
    assert_eq!(after.len(), events.len() + 1);
    assert_eq!((after[events.len()].kind.as_str(), after[events.len()].position), ("member.erased", gone.position()));
    assert!(after.iter().all(|event| !event.payload.contains(&member.email) && !event.payload.contains(&nickname)));
    log.assert_sound().await;

    // the others
    assert_eq!(members(&auditor, gone.position()).await, before - 1);
    let claims = other.client.get_at("/claims/me", gone.position()).await;
    assert_eq!(claims.list("/claims")[0]["id"], kept.json["claim"]["id"]);
    reporter.claim_for(&prize, &member.id).await.problem(404, "member_unknown");
    reporter.report_activity(&activity(&member.id, "visit")).await.problem(404, "member_unknown");

    // and whoever comes next
    let again = json!({"email": member.email, "password": PASSWORD, "birthDate": "2001-01-01", "nickname": nickname});
    let invited = json!({"email": format!("x{}", member.email), "password": PASSWORD, "birthDate": "2001-01-01",
                         "inviteCode": code});
    nobody.post("/auth/signup", &invited).await.problem(422, "invite_code_unknown");
    let newcomer = nobody.post("/auth/signup", &again).await;
    assert_ne!(newcomer.created()["id"], member.id);
}

#[tokio::test]
async fn an_administrator_erases_others_and_nobody_else_does() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let member = stage.nobody().sign_up().await;
    let path = format!("/auth/users/{}", member.id);
    for caller in [stage.operator().await, stage.auditor().await, stage.reporter().await, member.client.clone()] {
        caller.delete(&path, &json!({})).await.problem(403, "forbidden");
    }
    let erased = admin.delete(&path, &json!({})).await;
    erased.expect(204);
    assert!(erased.position() > 0);
    member.client.get("/auth/me").await.problem(401, "unauthenticated");
    admin.delete(&path, &json!({})).await.problem(404, "not_found");
    admin.delete(&format!("/auth/users/{}", id()), &json!({})).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_beside_changes_of_the_profile_leaves_a_blank_row() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    for _ in 0..5 {
        let member = stage.nobody().sign_up().await;
        let (name, full) =
            (format!("Ann {}", unique()), json!({"bio": "I was here.", "profileImageUrl": "https://e.org/a"}));
        let nickname = json!({"nickname": name});
        let path = format!("/auth/users/{}", member.id);
        let nothing = json!({});
        let (erased, one, other) = futures::join!(
            admin.delete(&path, &nothing),
            member.client.patch("/auth/profile", &full),
            member.client.patch("/auth/profile", &nickname)
        );
        erased.expect(204);
        for changed in [one, other] {
            assert!([200, 401].contains(&changed.status), "{changed}");
        }
        let blank: bool =
            sqlx::query_scalar("select num_nonnulls(nickname, bio, email) = 0 from accounts where id = $1::uuid")
                .bind(&member.id)
                .fetch_one(&stage.database.pool().await)
                .await
                .unwrap();
        assert!(blank);
    }
}
