//! Who is asking: missing, garbled, expired and misdirected tokens, and the first administrator.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{Database, Setup, Stage, folder, forge::Forge, programme::email};

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
    for claim in ["exp", "nbf", "iss", "aud", "sub", "role", "fam", "iat", "jti"] {
        asked(forge.claims(json!({ claim: null }))).await.problem(401, "unauthenticated");
    }
    for wrong in [
        json!({"exp": "9999999999"}),
        json!({"exp": -1, "nbf": "0"}),
        json!({"exp": now + 0x7fff_ffff, "nbf": now + 600}),
        json!({"nbf": now + 600}),
        json!({"nbf": [now]}),
        json!({"iat": "now"}),
        json!({"iss": "somebody-else"}),
        json!({"iss": 7}),
        json!({"aud": "another-api"}),
        json!({"aud": {"reward-ledger-api": true}}),
        json!({"sub": "nonsense"}),
        json!({"sub": tests::support::programme::id()}),
        json!({"fam": tests::support::programme::id()}),
        json!({"fam": 7}),
        json!({"role": "KING"}),
    ] {
        asked(forge.claims(wrong)).await.problem(401, "unauthenticated");
    }
    asked(forge.claims(json!({"role": "ADMIN"}))).await.problem(401, "token_outdated");
    for wrong in [
        json!({"alg": "none"}),
        json!({"alg": "None"}),
        json!({"alg": "HS384"}),
        json!({"alg": "HS512"}),
        json!({"alg": "RS256"}),
        json!({"alg": null}),
        json!({"typ": "JWT"}),
        json!({"typ": null}),
        json!({"kid": "unknown"}),
        json!({"kid": null}),
        json!({"kid": 7}),
    ] {
        asked(forge.header(wrong.clone())).await.problem(401, "unauthenticated");
        let unsigned = forge.header(wrong).rsplit_once('.').unwrap().0.to_owned();
        asked(format!("{unsigned}.")).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn what_is_no_bearer_of_one_token_is_nobody() {
    let member = Stage::shared().await.nobody().sign_up().await;
    let (token, nobody) = (member.client.token(), member.client.without_token());
    let shown = async |values: &[&str]| {
        let headers: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
        nobody.send(Method::GET, "/auth/me", &headers, Vec::new()).await.unwrap()
    };
    let bearer = |scheme: &str| format!("{scheme} {token}");
    for scheme in ["Bearer", "bearer", "BEARER"] {
        shown(&[&bearer(scheme)]).await.ok();
    }
    let none = shown(&[]).await;
    none.problem(401, "unauthenticated");
    assert_eq!(none.header("www-authenticate"), Some("Bearer"), "who shows nothing is told no error");
    for values in [
        vec![token.to_owned()],
        vec![String::new()],
        vec!["Bearer".to_owned()],
        vec!["Bearer ".to_owned()],
        vec![bearer("Basic")],
        vec![bearer("Bearer"), bearer("Bearer")],
        vec![bearer("Bearer"), "Bearer nonsense".to_owned()],
        vec![format!("Bearer {token} {token}")],
        vec![format!("Bearer {}", "x".repeat(6_000))],
        vec!["Bearer \u{e9}".to_owned()],
    ] {
        let answer = shown(&values.iter().map(String::as_str).collect::<Vec<_>>()).await;
        answer.problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"), "{values:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_and_a_key_that_is_gone_takes_its_tokens_along() {
    let keys = folder::fresh("keys").join("token.keys");
    let (old, new) = ("an old key of thirty-two letters", "a new key of thirty-two letters!");
    let write = |lines: &[&str]| std::fs::write(&keys, lines.join("\n")).unwrap();
    write(&[old]);
    let database = Database::fresh().await;
    let setup = Setup::on(&database).without_demo().env("TOKEN_KEY_FILE", &keys.display().to_string());
    let service = setup.start().await;
    let session = async |email: &str| {
        let body = json!({"email": email, "password": "correct horse battery"});
        service.client().post("/auth/login", &body).await
    };
    let member = service.client().sign_up().await;
    let refresh = session(&member.email).await.text("/refreshToken");
    let seen = async |token: &str| service.client().with_token(token).get("/auth/me").await;

    write(&[new, old]);
    service.restart().await;
    seen(member.client.token()).await.ok(); // a restart ends no session
    let next = session(&member.email).await.text("/accessToken");
    let kid = |token: &str| {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
    };
    assert_ne!(kid(&next), kid(member.client.token()), "the first key of the file signs");

    write(&[new]);
    service.restart().await;
    seen(member.client.token()).await.problem(401, "unauthenticated");
    seen(&next).await.ok();
    let body = json!({"refreshToken": refresh});
    service.client().post("/auth/refresh", &body).await.ok(); // opaque: no key signed it
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
