//! A demo is known to everybody: what it leaves behind opens no door once it is over.

use serde_json::json;
use tests::support::{Answer, Client, Database, Service, Setup, auditor::Auditor, programme::email};

const ROLES: [&str; 5] = ["admin", "operator", "auditor", "service", "member"];
const PASSWORD: &str = "a long enough password";

async fn log_in(client: &Client, name: &str) -> Answer {
    client.post("/auth/login", &json!({"email": format!("{name}@example.com"), "password": "ledger-demo"})).await
}

async fn nobody_of_the_demo_gets_in(service: &Service) {
    for name in ROLES {
        log_in(&service.client(), name).await.problem(401, "invalid_credentials");
    }
}

/// It ends by itself, and says why and what to do.
#[track_caller]
fn refuses(setup: Setup, number: usize) {
    let refused = setup.launch();
    assert!(!refused.ended().success(), "it does not start");
    let log = refused.log();
    assert!(log.contains(&format!("holds {number} accounts of the demo")), "{log}");
    assert!(log.contains("reward-ledger demo remove"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_demo_its_database_is_refused_until_the_demo_is_removed() {
    let database = Database::fresh().await;
    let demo = Setup::on(&database).start().await;
    let keys = demo.data().join("token.keys").display().to_string();
    let session = log_in(&demo.client(), "admin").await;
    demo.restart().await; // goes on as before
    log_in(&demo.client(), "admin").await.ok();
    demo.terminate();
    refuses(Setup::on(&database).without_demo(), 5);
    refuses(Setup::on(&database).without_demo().arguments(&["serve", "--only", "api"]), 5);

    let auditor = Auditor::of(&database.url);
    let removed = auditor.run(&["demo", "remove"]);
    assert_eq!(removed.code, 0, "{}", removed.err);
    assert!(removed.out.starts_with("erased 5 demo accounts and ended 2 demo events"), "{}", removed.out);
    let again = auditor.run(&["demo", "remove"]);
    assert!(again.out.starts_with("erased 0 demo accounts and ended 0 demo events"), "{}", again.out);

    let service = Setup::on(&database).without_demo().env("TOKEN_KEY_FILE", &keys).start().await;
    nobody_of_the_demo_gets_in(&service).await;
    let nobody = service.client();
    nobody.with_token(&session.text("/accessToken")).get("/events").await.problem(401, "unauthenticated");
    nobody
        .post("/auth/refresh", &json!({"refreshToken": session.text("/refreshToken")}))
        .await
        .problem(401, "unauthenticated");
    let chief = email();
    let made = service.command(&["admin", "create", "--email", &chief], &format!("{PASSWORD}\n"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let admin = nobody.login(&chief, PASSWORD).await;
    let users = admin.get("/auth/users").await;
    assert_eq!(users.ok()["users"].as_array().map(Vec::len), Some(1), "{users}");
    // who comes after the demo stays, also when they are the last
    let id = users.text("/users/0/id");
    admin.delete(&format!("/auth/users/{id}"), &json!({})).await.problem(409, "last_admin");
    for event in admin.get("/events").await.list("/events") {
        assert_eq!(event["status"], "ended", "{event}");
    }
    let said = auditor.verify(&[]);
    assert_eq!((said.code, said.failed()), (0, vec![]), "{}", said.out);
    service.terminate();

    // and a demo again, for whoever wants one
    log_in(&Setup::on(&database).start().await.client(), "member").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_a_demo_before_they_were_marked_are_known_by_their_password() {
    let database = Database::fresh().await;
    let demo = Setup::on(&database).start().await;
    let operator = demo.demo("operator").await;
    operator
        .patch("/auth/password", &json!({"currentPassword": "ledger-demo", "newPassword": PASSWORD}))
        .await
        .expect(204);
    demo.terminate();
    let pool = database.pool().await;
    let older = "update accounts set demo = false, created_at = '2026-11-01T00:00:00Z'";
    sqlx::query(older).execute(&pool).await.unwrap();
    refuses(Setup::on(&database).without_demo(), 4);
    sqlx::query(older).execute(&pool).await.unwrap();
    let removed = Auditor::of(&database.url).run(&["demo", "remove"]);
    assert!(removed.out.starts_with("erased 4 demo accounts"), "{} {}", removed.out, removed.err);
    let service = Setup::on(&database).without_demo().start().await;
    service.client().login("operator@example.com", PASSWORD).await.get("/events").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_keep_a_service_from_starting_by_signing_up_as_the_demo_does() {
    let service = Setup::on(&Database::fresh().await).without_demo().start().await;
    for name in ROLES {
        let account =
            json!({"email": format!("{name}@example.com"), "password": "ledger-demo", "birthDate": "1995-01-01"});
        service.client().post("/auth/signup", &account).await.created();
    }
    service.restart().await;
    log_in(&service.client(), "admin").await.ok();
}

/// A demo that was started beside it later makes its accounts in the same database.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_no_demo_lets_nobody_of_the_demo_in() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).without_demo().start().await;
    let keys = service.data().join("token.keys").display().to_string();
    let demo = Setup::on(&database).env("TOKEN_KEY_FILE", &keys).start().await;
    nobody_of_the_demo_gets_in(&service).await;
    for name in ROLES {
        let known = log_in(&demo.client(), name).await;
        let token = known.text("/accessToken");
        demo.client().with_token(&token).get("/events").await.ok();
        service.client().with_token(&token).get("/events").await.problem(401, "unauthenticated");
        let refresh = json!({"refreshToken": known.text("/refreshToken")});
        service.client().post("/auth/refresh", &refresh).await.problem(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_in_the_embedded_database_is_removed_as_well() {
    let demo = Setup::embedded().start().await;
    demo.terminate();
    let data = demo.data().display().to_string();
    let earnest = || Setup::embedded().env("DATA_DIR", &data).without_demo();
    refuses(earnest(), 5);
    let removed = demo.command(&["demo", "remove"], "");
    assert!(removed.status.success(), "{removed:?}");
    let service = earnest().start().await;
    nobody_of_the_demo_gets_in(&service).await;
}
