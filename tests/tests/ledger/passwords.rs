//! Guessing a password: one budget of wrong ones for an account, whatever asks for it; whoever fails elsewhere keeps
//! nobody out; and what everybody would try first is nobody's password.

use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{Answer, Client, Database, Service, Setup, Stage, client::PASSWORD, programme::email};

const OWNER: &str = "198.51.100.1";

async fn limited() -> Service {
    let setup = Setup::on(&Database::fresh().await).env("RATE_LIMITS", "default");
    setup.env("TRUSTED_PROXIES", "127.0.0.0/8").without_demo().start().await
}

async fn from(caller: &Client, address: &str, method: Method, path: &str, body: Value) -> Answer {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
    caller.send(method, path, &headers, body.to_string().into_bytes()).await.expect("an answer")
}

async fn log_in(caller: &Client, address: &str, email: &str, password: &str) -> Answer {
    from(caller, address, Method::POST, "/auth/login", json!({"email": email, "password": password})).await
}

#[tokio::test]
async fn a_password_is_guessed_ten_times_a_minute_wherever_it_is_asked_for() {
    let service = limited().await;
    let nobody = service.client();
    let member = nobody.register_with(json!({})).await;
    let token = log_in(&nobody, OWNER, &member.email, PASSWORD).await.text("/accessToken");
    let thief = nobody.with_token(&token);
    let address = "203.0.113.1";
    let change = |current: &str| json!({"currentPassword": current, "newPassword": "another long password"});
    for turn in 0..4 {
        from(&thief, address, Method::PATCH, "/auth/password", change(&format!("wrong {turn}")))
            .await
            .problem(401, "invalid_credentials");
        from(&thief, address, Method::DELETE, "/auth/me", json!({"password": "wrong"}))
            .await
            .problem(401, "invalid_credentials");
    }
    for _ in 0..2 {
        log_in(&nobody, address, &member.email, "wrong").await.problem(401, "invalid_credentials");
    }
    // none of the three looks any more, not even at the right one
    let refused = [
        from(&thief, address, Method::PATCH, "/auth/password", change(PASSWORD)).await,
        from(&thief, address, Method::DELETE, "/auth/me", json!({"password": PASSWORD})).await,
        log_in(&nobody, address, &member.email, PASSWORD).await,
    ];
    for answer in refused {
        answer.problem(429, "rate_limited");
        assert!(answer.header("retry-after").is_some(), "{answer}");
    }
    from(&thief, OWNER, Method::PATCH, "/auth/password", change(PASSWORD)).await.expect(204);
}

#[tokio::test]
async fn wrong_log_ins_from_elsewhere_keep_nobody_out_of_their_account() {
    let service = limited().await;
    let nobody = service.client();
    let member = nobody.register_with(json!({})).await;
    log_in(&nobody, OWNER, &member.email, PASSWORD).await.ok();
    let mut refused = 0;
    for number in 0..50 {
        let answer = log_in(&nobody, &format!("203.0.113.{}", number % 20), &member.email, "wrong").await;
        assert!([401, 429].contains(&answer.status), "{answer}");
        refused += usize::from(answer.status == 429);
    }
    assert!(refused >= 15, "many addresses together are slowed down: {refused}");
    log_in(&nobody, OWNER, &member.email, PASSWORD).await.ok();
}

#[tokio::test]
async fn right_passwords_use_up_no_budget() {
    let service = limited().await;
    let nobody = service.client();
    let member = nobody.register_with(json!({})).await;
    // log-ins have a limit of their own, right or wrong; of it nine are left over
    for turn in 0..12 {
        let caller = nobody.login(&member.email, PASSWORD);
        if turn < 9 {
            let change = json!({"currentPassword": PASSWORD, "newPassword": PASSWORD});
            caller.await.patch("/auth/password", &change).await.expect(204);
        }
    }
    let caller = nobody.login(&member.email, PASSWORD).await;
    caller.delete("/auth/me", &json!({"password": "wrong"})).await.problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_password_that_everybody_tries_first_is_refused() {
    let nobody = Stage::shared().await.nobody();
    let body = |password: &str| json!({"email": email(), "password": password, "birthDate": "1995-01-01"});
    let member = nobody.sign_up().await;
    for common in ["password", "Password", "12345678", "qwertyui", "iloveyou"] {
        let refused = nobody.post("/auth/signup", &body(common)).await;
        refused.invalid("password");
        assert_eq!(refused.json["errors"][0]["rule"], "too_common", "{refused}");
        let change = json!({"currentPassword": PASSWORD, "newPassword": common});
        let refused = member.client.patch("/auth/password", &change).await;
        refused.invalid("newPassword");
        assert_eq!(refused.json["errors"][0]["rule"], "too_common", "{refused}");
    }
    for usable in ["eight-or-more", "password of mine", "ledger-demo"] {
        nobody.post("/auth/signup", &body(usable)).await.created();
    }
}
