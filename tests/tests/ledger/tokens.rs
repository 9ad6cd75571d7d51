//! Who is asking: missing, garbled, expired and misdirected tokens, and the first administrator.

use serde_json::{Value, json};
use tests::support::{Database, Setup, Stage, forge::Forge, programme::email};

#[tokio::test]
async fn without_a_genuine_token_nobody_is_let_in() {
    let member = Stage::shared().await.nobody().sign_up().await;
    let token = member.client.token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    member.client.without_token().get("/auth/me").await.problem(401, "unauthenticated");
    for garbled in ["nonsense", "a.b.c", signed, &format!("{signed}."), &format!("{signed}.{turned}")] {
        member.client.with_token(garbled).get("/auth/me").await.problem(401, "unauthenticated");
    }
    member.client.get("/auth/me").await.ok();
}

#[tokio::test]
async fn a_token_is_good_only_for_its_time_and_purpose() {
    let stage = Stage::shared().await;
    let member = stage.nobody().sign_up().await;
    let forge = Forge::with(member.client.token(), &stage.service.data());
    let now = chrono::Utc::now().timestamp();
    let asked = async |token: String| member.client.with_token(&token).get("/auth/me").await;
    asked(forge.claims(json!({}))).await.ok();
    asked(forge.claims(json!({"iat": now - 2000, "nbf": now - 2000, "exp": now - 600})))
        .await
        .problem(401, "token_expired");
    for wrong in [
        json!({"exp": null}),
        json!({"exp": "9999999999"}),
        json!({"nbf": now + 600}),
        json!({"iss": "somebody-else"}),
        json!({"aud": "another-api"}),
        json!({"aud": null}),
        json!({"sub": null}),
        json!({"sub": "nonsense"}),
    ] {
        asked(forge.claims(wrong)).await.problem(401, "unauthenticated");
    }
    for wrong in [json!({"alg": "none"}), json!({"alg": "HS512"}), json!({"typ": "JWT"}), json!({"kid": "unknown"})] {
        asked(forge.header(wrong)).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn the_first_administrator_is_made_on_the_command_line() {
    let service = Setup::on(&Database::fresh().await).without_demo().start().await;
    let nobody = service.client();
    nobody
        .post("/auth/login", &json!({"email": "admin@example.com", "password": "ledger-demo"}))
        .await
        .problem(401, "invalid_credentials");
    let chief = email();
    let made = service.command(&["admin", "create", "--email", &chief], "a long enough password\n");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let admin = nobody.login(&chief, "a long enough password").await;
    assert_eq!(admin.get("/auth/me").await.ok()["user"]["role"], "ADMIN");

    let member = nobody.sign_up().await;
    let raised = service.command(&["admin", "create", "--email", &member.email], "another password\n");
    assert!(raised.status.success(), "{}", String::from_utf8_lossy(&raised.stderr));
    let raised = nobody.login(&member.email, "correct horse battery").await;
    let me: Value = raised.get("/auth/me").await.ok().clone();
    assert_eq!(me["user"]["role"], "ADMIN", "an account that is there keeps its password");
}
