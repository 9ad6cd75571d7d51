//! Accounts: signing up and every way it is refused, and logging in.

use chrono::{NaiveDate, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{email, unique, with, without},
};

fn valid() -> Value {
    json!({"email": email(), "password": "correct horse battery", "birthDate": "1995-01-01"})
}

#[tokio::test]
async fn a_sign_up_answers_the_new_account() {
    let nobody = Stage::shared().await.nobody();
    for path in ["/auth/signup", "/auth/users"] {
        let body = valid();
        let answer = nobody.post(path, &body).await;
        assert_eq!(answer.created()["email"], body["email"]);
        assert_eq!(answer.json["role"], "USER");
        assert!(uuid::Uuid::parse_str(&answer.text("/id")).is_ok());
        assert!(!answer.json.to_string().contains("correct horse"), "no password comes back");
    }
}

#[tokio::test]
async fn a_sign_up_that_breaks_a_rule_names_the_field() {
    let nobody = Stage::shared().await.nobody();
    let long = |length: usize| "x".repeat(length);
    for (field, value) in [
        ("email", json!("nonsense")),
        ("email", json!(format!("{}@example.org", long(250)))),
        ("email", json!(5)),
        ("email", Value::Null),
        ("password", json!("1234567")),
        ("password", json!(long(129))),
        ("birthDate", json!("1995-02-30")),
        ("birthDate", json!("yesterday")),
        ("nickname", json!("a")),
        ("nickname", json!(long(31))),
        ("nickname", json!("bell\u{7}")),
        ("timeZone", json!("Mars/Olympus")),
        ("inviteCode", json!(7)),
        ("role", json!("ADMIN")),
    ] {
        nobody.post("/auth/signup", &with(valid(), json!({ field: value }))).await.invalid(field);
    }
    for field in ["email", "password", "birthDate"] {
        nobody.post("/auth/signup", &without(valid(), field)).await.invalid(field);
    }
}

#[tokio::test]
async fn nobody_is_born_after_today_by_their_own_calendar() {
    let nobody = Stage::shared().await.nobody();
    // a minute more, so that no midnight comes between this clock and the service's
    let tomorrow = Utc::now() + TimeDelta::days(1) + TimeDelta::minutes(1);
    let born = |day: NaiveDate, zone: &str| with(valid(), json!({"birthDate": day.to_string(), "timeZone": zone}));
    nobody.post("/auth/signup", &born(tomorrow.date_naive(), "UTC")).await.invalid("birthDate");
    let on_line_islands = (Utc::now() + TimeDelta::hours(14)).date_naive();
    nobody.post("/auth/signup", &born(on_line_islands, "Pacific/Kiritimati")).await.created();
    nobody.post("/auth/signup", &born(tomorrow.date_naive(), "Pacific/Pago_Pago")).await.invalid("birthDate");
}

#[tokio::test]
async fn what_is_no_json_is_refused_before_it_is_read() {
    let nobody = Stage::shared().await.nobody();
    for text in ["", "{", "{\"email\": \"a@b.c\"} extra", "[1,", "\u{0}", "{\"email\": \"\\u0000\"}"] {
        nobody.post_text("/auth/signup", text).await.expect(400);
    }
    nobody.post_text("/auth/login", "{\"email\":").await.problem(400, "malformed_json");
    let json = [("content-type", "application/json")];
    let latin = nobody.send(Method::POST, "/auth/login", &json, b"{\"email\": \"\xff\"}".to_vec()).await.unwrap();
    latin.problem(400, "malformed_json");
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    nobody.post_text("/auth/login", &deep).await.expect(400);
    let twice = "{\"email\": \"a@example.org\", \"email\": \"b@example.org\", \"password\": \"12345678\"}";
    nobody.post_text("/auth/login", twice).await.expect(400);
    let plain = [("content-type", "text/plain")];
    nobody.send(Method::POST, "/auth/login", &plain, b"{}".to_vec()).await.unwrap().expect(415);
    nobody.post("/auth/login", &json!({"email": "x".repeat(300 * 1024)})).await.expect(413);
}

#[tokio::test]
async fn an_e_mail_and_a_nickname_are_taken_without_regard_to_case() {
    let nobody = Stage::shared().await.nobody();
    let first = with(valid(), json!({"nickname": format!("Émile {}", unique())}));
    nobody.post("/auth/signup", &first).await.created();
    let same_email = with(valid(), json!({"email": first["email"].as_str().unwrap().to_uppercase()}));
    nobody.post("/auth/signup", &same_email).await.problem(409, "email_taken");
    let same_nickname = with(valid(), json!({"nickname": first["nickname"].as_str().unwrap().to_uppercase()}));
    nobody.post("/auth/signup", &same_nickname).await.problem(409, "nickname_taken");
}

#[tokio::test]
async fn an_unknown_invite_code_leaves_nothing_half_made() {
    let stage = Stage::shared().await;
    let body = valid();
    let refused = stage.nobody().post("/auth/signup", &with(body.clone(), json!({"inviteCode": "NOBODYS"}))).await;
    refused.problem(422, "invite_code_unknown");
    stage.nobody().post("/auth/signup", &body).await.created();
}

#[tokio::test]
async fn a_log_in_gives_a_token_and_a_cookie() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.register_with(json!({})).await;
    let body = json!({"email": member.email.to_uppercase(), "password": "correct horse battery"});
    let answer = nobody.post("/auth/login", &body).await;
    answer.ok();
    assert_eq!(answer.number("/expiresIn"), 900);
    assert!(!answer.text("/refreshToken").is_empty());
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["refreshToken=", "HttpOnly", "SameSite=Strict", "Path=/auth"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let visit = member.client.login(&member.email, "correct horse battery").await;
    assert!(visit.get_at("/claims/me", answer.position()).await.position() >= answer.position());
    let again = nobody.post("/auth/login", &body).await;
    assert_eq!(again.ok()["expiresIn"], 900);
    assert_eq!(again.header("ledger-position"), None, "the second visit of a day appends nothing");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_e_mail_look_the_same() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.register_with(json!({})).await;
    let wrong = nobody.post("/auth/login", &json!({"email": member.email, "password": "incorrect horse"})).await;
    let unknown = nobody.post("/auth/login", &json!({"email": email(), "password": "incorrect horse"})).await;
    let shown = |body: &Value| without(body.clone(), "instance");
    let (wrong, unknown) = (wrong.problem(401, "invalid_credentials"), unknown.problem(401, "invalid_credentials"));
    assert_eq!(shown(wrong), shown(unknown));
    nobody.post("/auth/login", &json!({"email": member.email})).await.invalid("password");
}
