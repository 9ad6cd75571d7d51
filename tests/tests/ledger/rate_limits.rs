//! How much one caller may ask, who counts as one, and what they are told.

use std::collections::BTreeMap;

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tests::support::{
    Answer, Client, Database, Service, Setup, contract,
    programme::{email, unique},
};

async fn limited(changes: &[(&str, &str)]) -> Service {
    let mut setup = Setup::on(&Database::fresh().await).env("RATE_LIMITS", "default");
    if changes.iter().any(|(name, _)| *name == "TRUSTED_PROXIES") {
        setup = setup.without_demo();
    }
    for (name, value) in changes {
        setup = setup.env(name, value);
    }
    setup.start().await
}

#[track_caller]
fn is_limited(answer: &Answer, policy: &str) {
    answer.problem(429, "rate_limited");
    let wait: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((1..=86_400).contains(&wait), "{wait}");
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

/// How many requests an answer says are left.
#[track_caller]
fn left(answer: &Answer) -> u32 {
    let text = answer.header("ratelimit").expect("RateLimit");
    let left = text.split(';').find_map(|part| part.strip_prefix("r=")).expect("what is left");
    left.parse().expect("a number")
}

/// One GET with whatever stands in `Authorization`.
async fn with_credential(caller: &Client, method: Method, path: &str, credential: &str) -> Answer {
    let headers = [("authorization", credential), ("content-type", "application/json")];
    caller.send(method, path, &headers, Vec::new()).await.expect("an answer")
}

const MADE_UP: [&str; 4] =
    ["x", "Bearer nonsense", "Bearer rlk_00000000000040008000000000000000.AAAA", "Basic dXNlcjpwYXNzd29yZA=="];

/// The kind: the charge comes before the work, on every route, whatever is shown.
#[tokio::test]
async fn a_credential_that_is_none_is_charged_to_its_address_on_every_route() {
    let service = limited(&[]).await;
    let nobody = service.client();
    let paths = ["/problems/not_found", "/openapi.json", "/docs", "/schemas", "/events", "/nowhere"];
    let ask = async |n: usize| {
        with_credential(&nobody, Method::GET, paths[n % paths.len()], MADE_UP[n % MADE_UP.len()]).await
    };
    let (let_in, refused) = until_refused(1_200, ask).await;
    is_limited(&refused, "\"principal\";q=600;w=60");
    assert!((590..1_000).contains(&let_in), "{let_in}");
    let counted_otherwise = ["/auth/login", "/auth/signup", "/auth/users"];
    let routes = contract::operations().iter().filter(|operation| !operation.path.starts_with("/health/"));
    let routes =
        routes.filter(|operation| operation.method != "post" || !counted_otherwise.contains(&operation.path.as_str()));
    for operation in routes {
        let method = Method::from_bytes(operation.method.to_uppercase().as_bytes()).unwrap();
        // the bucket fills again while it is asked
        let mut answers = Vec::new();
        while answers.last() != Some(&429) && answers.len() < 40 {
            answers.push(
                with_credential(&nobody, method.clone(), &operation.path, MADE_UP[answers.len() % 4]).await.status,
            );
        }
        assert_eq!(answers.last(), Some(&429), "{operation:?}: {answers:?}");
    }
}

#[tokio::test]
async fn a_genuine_token_is_charged_to_its_principal_where_none_is_needed_too() {
    let service = limited(&[]).await;
    let (member, nobody) = (service.demo("member").await, service.client());
    for _ in 0..20 {
        let answer = member.get("/problems").await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"principal\";q=600;w=60"));
    }
    assert!(left(&member.get("/events").await) < 590);
    assert!(left(&nobody.get("/problems").await) >= 598, "the address was not charged for the member");
    // a log-in that was ended stands for nobody
    let leaving = service.demo("operator").await;
    leaving.post("/auth/logout", &json!({})).await.expect(204);
    let before = left(&nobody.get("/problems").await);
    for _ in 0..20 {
        leaving.get("/events").await.problem(401, "unauthenticated");
    }
    assert!(left(&nobody.get("/problems").await) < before - 10, "its token is the business of the address");
}

#[tokio::test]
async fn a_service_is_not_held_up_by_the_limit_of_its_address() {
    let service = limited(&[]).await;
    let made = service.command(&["service", "create", &format!("shop-{}", unique()), "--sources", "shop"], "");
    let key = String::from_utf8(made.stdout).unwrap();
    let (shop, nobody) = (service.client().with_token(key.trim()), service.client());
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    for _ in 0..16 {
        for answer in join_all((0..50).map(|_| shop.get("/events"))).await {
            *statuses.entry(answer.status).or_default() += 1;
            assert_eq!(answer.header("ratelimit-policy"), Some("\"service\";q=60000;w=60"));
        }
    }
    assert_eq!(statuses, BTreeMap::from([(200, 800)]));
    assert!(left(&nobody.get("/problems").await) >= 598, "the address has its units back");
}

/// Five events: the sign-up, the log-in, and a profile that becomes complete, incomplete and complete again.
#[tokio::test]
async fn a_member_adds_no_more_events_in_a_day_than_there_are_for_it() {
    let service = limited(&[("MEMBER_DAILY_EVENTS", "5")]).await;
    let member = service.client().sign_up().await;
    let full =
        json!({"nickname": format!("Ann {}", unique()), "bio": "a", "profileImageUrl": "https://example.org/a.png"});
    member.client.patch("/auth/profile", &full).await.ok();
    let toggle = async |n: usize| {
        let bio = if n.is_multiple_of(2) { json!(null) } else { json!("a") };
        member.client.patch("/auth/profile", &json!({ "bio": bio })).await
    };
    for n in 0..2 {
        assert!(toggle(n).await.ok()["user"].is_object());
    }
    let refused = toggle(2).await;
    is_limited(&refused, "\"events-day\";q=5;w=86400");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 60, "{:?}", refused.headers);
    // the kind: whatever may append, and nothing else
    let id = unique();
    for path in [format!("/claims/{id}/claim"), format!("/events/{id}/request-reward")] {
        is_limited(&member.client.post(&path, &json!({})).await, "\"events-day\"");
    }
    member.client.get("/claims/me").await.ok();
    service.client().sign_up().await.client.patch("/auth/profile", &json!({"bio": "b"})).await.ok();
    member.client.delete("/auth/me", &json!({"password": "correct horse battery"})).await.expect(204);
}

#[tokio::test]
async fn a_member_has_no_more_answers_stored_in_a_day_than_there_is_room_for() {
    let service = limited(&[("MEMBER_DAILY_KEYS", "3")]).await;
    let (member, operator) = (service.client().sign_up().await, service.demo("operator").await);
    let event = operator
        .create_event(&tests::support::programme::event(json!({"streak": {"kind": "login", "days": 99}})))
        .await;
    let prize = operator.create_reward(&tests::support::programme::reward(&event, None)).await;
    let ask = async |key: &str| member.client.post_once(&format!("/claims/{prize}/claim"), &json!({}), key).await;
    for key in ["a", "b", "c"] {
        ask(key).await.problem(422, "condition_unmet");
    }
    is_limited(&ask("d").await, "\"keys-day\";q=3;w=86400");
    let again = ask("a").await;
    again.problem(422, "condition_unmet");
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "what is stored is found");
    member.client.claim(&prize).await.problem(422, "condition_unmet");
    // what is not stored takes no room
    let other = service.client().sign_up().await;
    for _ in 0..5 {
        let headers = [("content-type", "application/json"), ("idempotency-key", "e")];
        let path = format!("/claims/{}/claim", uuid::Uuid::new_v4());
        other.client.send(Method::POST, &path, &headers, b"{}".to_vec()).await.unwrap().problem(404, "reward_unknown");
    }
}

#[tokio::test]
async fn an_address_makes_no_more_accounts_in_a_day_than_there_are_for_it() {
    let service = limited(&[("MEMBER_DAILY_EVENTS", "2")]).await;
    let nobody = service.client();
    for _ in 0..3 {
        nobody.post("/auth/signup", &json!({})).await.invalid("email"); // makes none
    }
    nobody.register_with(json!({})).await;
    nobody.register_with(json!({})).await;
    let body = json!({"email": email(), "password": "correct horse battery", "birthDate": "1995-01-01"});
    for path in ["/auth/signup", "/auth/users"] {
        is_limited(&nobody.post(path, &body).await, "\"sign-up-address-day\";q=2;w=86400");
    }
}
