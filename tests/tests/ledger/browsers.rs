//! What browsers, slow callers and polite probes meet before any route does.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tests::support::{
    Client, Database, Setup, Stage,
    programme::{anybody, event},
};

async fn ask(caller: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> tests::support::Answer {
    caller.send(method, path, headers, Vec::new()).await.expect("an answer")
}

#[tokio::test]
async fn every_answer_protects_itself() {
    let stage = Stage::shared().await;
    let (nobody, member) = (stage.nobody(), stage.service.demo("member").await);
    let login = json!({"email": "member@example.com", "password": "ledger-demo"});
    let personal =
        [member.get("/auth/me").await, nobody.post("/auth/login", &login).await, member.get("/events").await];
    let others = [
        nobody.get("/events").await,
        nobody.get("/nothing").await,
        nobody.get("/problems").await,
        nobody.get("/health/live").await,
    ];
    for answer in personal.iter().chain(&others) {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("strict-transport-security"), None, "a demo is not behind https");
        assert!(answer.header("server").is_none());
    }
    assert!(personal.iter().all(|answer| answer.header("cache-control") == Some("no-store")));
}

#[tokio::test]
async fn behind_https_browsers_are_told_to_stay_there() {
    let service = Setup::on(&Database::fresh().await).env("COOKIE_SECURE", "always").start().await;
    let answer = service.client().get("/problems").await;
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
}

#[tokio::test]
async fn another_origin_is_let_in_only_by_configuration() {
    let stage = Stage::shared().await;
    let asking = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,idempotency-key"),
    ];
    let closed = ask(&stage.nobody(), Method::OPTIONS, "/events", &asking).await;
    assert!(closed.header("access-control-allow-origin").is_none());

    let listed = "https://app.example.com, http://localhost:5173";
    let service = Setup::on(&Database::fresh().await).env("CORS_ORIGINS", listed).start().await;
    let nobody = service.client();
    let open = ask(&nobody, Method::OPTIONS, "/events", &asking).await;
    assert_eq!(open.status, 200);
    assert_eq!(open.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(open.header("access-control-allow-credentials"), Some("true"));
    assert!(open.header("access-control-allow-headers").unwrap().contains("idempotency-key"));
    assert!(open.header("access-control-allow-methods").unwrap().contains("PATCH"));
    let real = ask(&nobody, Method::GET, "/events", &[("origin", "http://localhost:5173")]).await;
    real.problem(401, "unauthenticated"); // refusals can be read there as well
    assert_eq!(real.header("access-control-allow-origin"), Some("http://localhost:5173"));
    assert!(real.header("access-control-expose-headers").unwrap().contains("ledger-position"));
    let other = ask(&nobody, Method::GET, "/events", &[("origin", "https://evil.example")]).await;
    assert!(other.header("access-control-allow-origin").is_none());

    for wrong in ["app.example.com", "https://app.example.com/", "https://", "ftp://a"] {
        let refused = service.command(&["config", &format!("--cors-origins={wrong}")], "");
        let served = service.command(&["serve", &format!("--cors-origins={wrong}")], "");
        assert!(!served.status.success(), "{wrong}: {refused:?}");
        assert!(String::from_utf8_lossy(&served.stderr).contains("CORS_ORIGINS"), "{wrong}: {served:?}");
    }
}

#[tokio::test]
async fn head_and_options_are_answered_sensibly() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let head = ask(&operator, Method::HEAD, "/events", &[]).await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    assert!(head.header("ledger-position").is_some());
    let options = ask(&stage.nobody(), Method::OPTIONS, "/events", &[]).await;
    assert_eq!((options.status, options.bytes.len()), (204, 0));
    for method in ["GET", "HEAD", "POST"] {
        assert!(options.header("allow").unwrap().contains(method), "{:?}", options.headers);
    }
    let put = ask(&operator, Method::PUT, "/events", &[]).await;
    put.problem(405, "method_not_allowed");
    assert!(put.header("allow").unwrap().contains("POST"));
    ask(&operator, Method::PUT, "/nothing", &[]).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_request_has_an_id_and_keeps_its_own() {
    let stage = Stage::shared().await;
    let nobody = stage.nobody();
    let own = "0190a0a0-0000-7000-8000-00000000000a";
    let answer = ask(&nobody, Method::GET, "/nothing", &[("x-request-id", own)]).await;
    assert_eq!(answer.header("x-request-id"), Some(own));
    assert_eq!(answer.problem(404, "not_found")["instance"], format!("urn:uuid:{own}"));
    let operator = stage.operator().await;
    let headers = [("x-request-id", own), ("content-type", "application/json")];
    let made =
        operator.send(Method::POST, "/events", &headers, event(anybody()).to_string().into_bytes()).await.unwrap();
    made.created();
    let log = stage.auditor().await.get(&format!("/audit/log?after={}&limit=1", made.position() - 1)).await;
    assert_eq!(log.json["events"][0]["metadata"]["correlationId"], own, "and so does the log: {log}");
    for other in ["", "x", "{0190a0a0-0000-7000-8000-00000000000a}"] {
        let answer = ask(&nobody, Method::GET, "/nothing", &[("x-request-id", other)]).await;
        let made = answer.header("x-request-id").unwrap();
        assert!(made != other && uuid::Uuid::parse_str(made).is_ok());
    }
}

/// Sends bytes as they are, and reads until the other side has had enough.
fn raw(url: &str, bytes: &[u8]) -> (String, Duration) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let _ = stream.write_all(bytes);
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    (String::from_utf8_lossy(&text).into_owned(), started.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_or_none_is_refused_before_it_is_a_request() {
    let stage = Stage::shared().await;
    let url = stage.service.url();
    let get = |target: &str, more: &str| format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n");
    let (long, many) = ("x".repeat(300_000), (0..200).map(|n| format!("x-{n}: y\r\n")).collect::<String>());
    for (request, status) in [
        (get("/health/live", ""), "200"),
        (get("/health/live", &format!("x: {long}\r\n")), "431"),
        (get("/health/live", &many), "431"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let (answer, _) = raw(&url, request.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "wanted {status}, got {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_request_is_not_waited_for_and_holds_up_nobody() {
    let stage = Stage::own().await;
    let (url, token) = (stage.service.url(), stage.operator().await.token().to_owned());
    let half_head = b"GET /health/live HTTP/1.1\r\nhost: x\r\n".to_vec();
    let half_body = format!(
        "POST /events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let (one, other) = (url.clone(), url.clone());
    let head = tokio::task::spawn_blocking(move || raw(&one, &half_head));
    let body = tokio::task::spawn_blocking(move || raw(&other, half_body.as_bytes()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    let stopping = tokio::task::spawn_blocking(move || stage.service.terminate().map(|status| status.code()));
    let (_, head) = head.await.unwrap();
    let (answer, body) = body.await.unwrap();
    assert!(head < Duration::from_secs(8) && body < Duration::from_secs(8), "{head:?}, {body:?}");
    assert!(answer.contains("malformed_json"), "who sent half a body is told so: {answer}");
    assert_eq!(stopping.await.unwrap(), Some(Some(0)));
    assert!(started.elapsed() < Duration::from_secs(10), "it took {:?} to end", started.elapsed());
}
