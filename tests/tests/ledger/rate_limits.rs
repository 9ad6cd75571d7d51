//! How much one caller may ask, who counts as one, and what they are told.

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tests::support::{Answer, Client, Database, Service, Setup, programme::email};

async fn limited(changes: &[(&str, &str)]) -> Service {
    let mut setup = Setup::on(&Database::fresh().await).env("RATE_LIMITS", "default");
    for (name, value) in changes {
        setup = setup.env(name, value);
    }
    setup.start().await
}

#[track_caller]
fn is_limited(answer: &Answer, policy: &str) {
    answer.problem(429, "rate_limited");
    let wait: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(answer.header("ratelimit-policy").unwrap().starts_with(policy), "{:?}", answer.headers);
    assert!(answer.header("ratelimit").unwrap().contains("r=0"), "{:?}", answer.headers);
}

async fn log_in(caller: &Client, email: &str) -> Answer {
    caller.post("/auth/login", &json!({"email": email, "password": "not the password"})).await
}

#[tokio::test]
async fn ten_logins_a_minute_are_for_an_account_however_its_name_is_written() {
    let service = limited(&[]).await;
    let nobody = service.client();
    let victim = email();
    for number in 0..10 {
        let name = if number % 2 == 0 { victim.clone() } else { victim.to_uppercase() };
        log_in(&nobody, &name).await.problem(401, "invalid_credentials");
    }
    is_limited(&log_in(&nobody, &victim).await, "\"login-account\";q=10;w=60");
    let other = log_in(&nobody, &email()).await;
    other.problem(401, "invalid_credentials");
    assert!(other.header("ratelimit").unwrap().starts_with("\"login-address\";r="), "{:?}", other.headers);
    assert!(!service.log().contains(&victim), "no e-mail in the log");
}

/// Asks in groups until it is refused, and says how often it was let in: a bucket fills again while it is emptied.
async fn until_refused(most: usize, ask: impl AsyncFn(usize) -> Answer) -> (usize, Answer) {
    let mut let_in = 0;
    while let_in < most {
        let answers = join_all((0..10).map(|number| ask(let_in + number))).await;
        let_in += answers.iter().filter(|answer| answer.status != 429).count();
        if let Some(refused) = answers.into_iter().find(|answer| answer.status == 429) {
            return (let_in, refused);
        }
    }
    panic!("{let_in} requests were let in");
}

/// A log-in that breaks a rule: it is counted, and costs no password's hash.
async fn half_log_in(caller: &Client, from: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", from)];
    let body = json!({"email": email()}).to_string().into_bytes();
    caller.send(Method::POST, "/auth/login", &headers, body).await.expect("an answer")
}

#[tokio::test]
async fn sixty_logins_and_twenty_sign_ups_a_minute_are_for_an_address() {
    let service = limited(&[]).await;
    let nobody = service.client();
    // a header that nobody trusts makes no other address
    let (let_in, refused) = until_refused(90, async |n| half_log_in(&nobody, &format!("198.51.100.{n}")).await).await;
    is_limited(&refused, "\"login-address\";q=60;w=60");
    assert!(let_in >= 60, "{let_in}");
    let paths = ["/auth/signup", "/auth/users"];
    let (let_in, refused) = until_refused(35, async |n| nobody.post(paths[n % 2], &json!({})).await).await;
    is_limited(&refused, "\"sign-up-address\";q=20;w=60");
    assert!(let_in >= 20, "{let_in}");
}

#[tokio::test]
async fn everything_else_is_for_a_principal_and_health_for_everybody() {
    let service = limited(&[]).await;
    let (member, operator) = (service.demo("member").await, service.demo("operator").await);
    let reporter = service.demo("service").await;
    let first = member.get("/events").await;
    assert_eq!(first.header("ratelimit-policy"), Some("\"principal\";q=600;w=60"));
    let (let_in, refused) = until_refused(1_200, async |_| member.get("/events").await).await;
    is_limited(&refused, "\"principal\";q=600;w=60");
    assert!(let_in >= 599, "{let_in}");
    operator.get("/events").await.ok();
    assert_eq!(reporter.get("/events").await.header("ratelimit-policy"), Some("\"service\";q=60000;w=60"));

    // who shows no token, or one that is none, is known by the address
    let nobody = service.client();
    let stranger = nobody.with_token("nonsense");
    let either = async |n| if n % 2 == 0 { nobody.get("/problems").await } else { stranger.get("/events").await };
    is_limited(&until_refused(1_200, either).await.1, "\"principal\"");
    let ready = nobody.get("/health/ready").await;
    assert_eq!((ready.status, ready.header("ratelimit")), (200, None));
}

#[tokio::test]
async fn an_address_is_believed_only_from_our_own_proxies() {
    let service = limited(&[("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]).await;
    let nobody = service.client();
    // what stands left of the last hop is made up
    let made_up = async |n| half_log_in(&nobody, &format!("203.0.113.{n}, 198.51.100.7, 10.0.0.2")).await;
    is_limited(&until_refused(90, made_up).await.1, "\"login-address\"");
    half_log_in(&nobody, "198.51.100.8").await.invalid("password");
    let one_network = async |n| half_log_in(&nobody, &format!("2001:db8:1:2::{n}")).await;
    is_limited(&until_refused(90, one_network).await.1, "\"login-address\"");
    half_log_in(&nobody, "2001:db8:1:3::1").await.invalid("password");
}

#[tokio::test]
async fn a_demo_limits_nobody_unless_it_is_told_to() {
    let service = Setup::on(&Database::fresh().await).unset("RATE_LIMITS").start().await;
    let shown = service.command(&["config"], "");
    assert!(
        String::from_utf8_lossy(&shown.stdout).lines().any(|line| line.contains("RATE_LIMITS") && line.contains("off"))
    );
    let answer = service.client().get("/problems").await;
    assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    let strict = Setup::on(&Database::fresh().await).unset("RATE_LIMITS").without_demo().start().await;
    assert!(strict.client().get("/problems").await.header("ratelimit").is_some());
}
