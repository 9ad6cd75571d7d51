//! What whoever guards the service finds in its log: who failed to come in, which tokens were refused, who was given
//! another role; by random ids, and without an address unless that was asked for.

use reqwest::Method;
use serde_json::json;
use tests::support::{Client, Database, Service, Setup, client::PASSWORD, programme::email};

/// The lines of the log about security that hold all of these.
fn lines(service: &Service, parts: &[&str]) -> Vec<String> {
    let log = service.log();
    let about = log.lines().filter(|line| line.contains(" security: "));
    about.filter(|line| parts.iter().all(|part| line.contains(part))).map(str::to_owned).collect()
}

#[track_caller]
fn one(service: &Service, parts: &[&str]) {
    let found = lines(service, parts);
    assert_eq!(found.len(), 1, "{parts:?}: {found:#?} in {:#?}", lines(service, &[]));
}

async fn log_in(nobody: &Client, email: &str, password: &str) {
    let body = json!({"email": email, "password": password}).to_string().into_bytes();
    let headers = [("content-type", "application/json"), ("x-forwarded-for", "198.51.100.77")];
    nobody.send(Method::POST, "/auth/login", &headers, body).await.unwrap().problem(401, "invalid_credentials");
}

async fn everything_happens(service: &Service) -> (String, String) {
    let (nobody, chief) = (service.client(), email());
    let made = service.command(&["admin", "create", "--email", &chief], "a long enough password\n");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let admin = nobody.login(&chief, "a long enough password").await;
    let member = nobody.sign_up().await;
    let nowhere = email();
    log_in(&nobody, &member.email, "wrong horse battery").await;
    log_in(&nobody, &nowhere, "wrong horse battery").await;
    member.client.delete("/auth/me", &json!({"password": "wrong"})).await.problem(401, "invalid_credentials");
    nobody.with_token("a.b.c").get("/auth/me").await.problem(401, "unauthenticated");
    let key = format!("rlk_{}.secret", uuid::Uuid::new_v4().simple());
    nobody.with_token(&key).get("/events").await.problem(401, "unauthenticated");
    let path = |step: &str| format!("/auth/users/{}/{step}", member.id);
    admin.post(&path("block"), &json!({"note": "a secret reason"})).await.ok();
    admin.patch(&path("role"), &json!({"role": "OPERATOR"})).await.ok();
    member.client.get("/auth/me").await.problem(401, "token_outdated");
    let session = nobody.post("/auth/login", &json!({"email": member.email, "password": PASSWORD})).await;
    let first = json!({"refreshToken": session.text("/refreshToken")});
    let second = json!({"refreshToken": nobody.post("/auth/refresh", &first).await.text("/refreshToken")});
    nobody.post("/auth/refresh", &second).await.ok();
    nobody.post("/auth/refresh", &first).await.problem(401, "refresh_token_reused");
    (member.id, member.email)
}

/// A service as it is in public: no demo, and rate limits as by default.
async fn behind_a_proxy() -> Setup {
    let setup = Setup::on(&Database::fresh().await).without_demo();
    setup.env("TRUSTED_PROXIES", "127.0.0.0/8").env("RATE_LIMITS", "default")
}

#[tokio::test]
async fn what_concerns_security_is_in_the_log_by_random_ids_alone() {
    let service = behind_a_proxy().await.start().await;
    let (id, email) = everything_happens(&service).await;
    let of_it = format!("account.id={id}");
    one(&service, &["log_in_failed", &of_it, "wrong_password"]);
    one(&service, &["log_in_failed", "no_such_account"]);
    one(&service, &["password_check_failed", &of_it]);
    one(&service, &["token_refused", "access", "\"unauthenticated\""]);
    one(&service, &["token_refused", "service_key"]);
    one(&service, &["token_refused", &of_it, "token_outdated"]);
    one(&service, &["account_blocked", &of_it]);
    one(&service, &["role_changed", &of_it, "role.from=\"USER\"", "role.to=\"OPERATOR\""]);
    one(&service, &["refresh_token_reused", &of_it]);
    let log = service.log();
    for secret in [email.as_str(), "198.51.100.77", "127.0.0.1:", "a secret reason", "wrong horse", "@example.org"] {
        assert!(lines(&service, &[secret]).is_empty(), "{secret} in {:#?}", lines(&service, &[secret]));
    }
    assert!(!log.contains(&email) && !log.contains("198.51.100.77"), "and nowhere else");
}

#[tokio::test]
async fn addresses_are_in_it_where_that_is_configured() {
    let service = behind_a_proxy().await.env("SECURITY_LOG_ADDRESSES", "true").start().await;
    log_in(&service.client(), &email(), "wrong horse battery").await;
    one(&service, &["log_in_failed", "client.address=198.51.100.77"]);
}
