//! Clients that send slowly, too often, or half: over sockets of their own, since no library sends like that.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::support::{Database, Service, Setup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_secs(20);

async fn connect(service: &Service) -> TcpStream {
    TcpStream::connect(service.url().trim_start_matches("http://")).await.expect("a connection")
}

async fn say(stream: &mut TcpStream, text: &str) -> bool {
    stream.write_all(text.as_bytes()).await.is_ok()
}

/// Everything that comes until the connection is closed.
async fn heard(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut text)).await.expect("an end").unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// The head of a request whose body is said to be long.
const HALF: &str =
    "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{";

/// Sends a byte a second until the service has had enough, and says what it answered and how long that took.
async fn dribble(mut stream: TcpStream) -> (String, Duration) {
    let (begun, mut answer, mut buffer) = (Instant::now(), Vec::new(), [0; 1_024]);
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => match read {
                Ok(length) if length > 0 => answer.extend_from_slice(&buffer[..length]),
                Ok(_) | Err(_) => return (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed()),
            },
            () = tokio::time::sleep(Duration::from_secs(1)) => drop(stream.try_write(b" ")),
        }
    }
}

/// More than there are places for requests, each with a byte now and then.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_arrive_slowly_keep_nobody_from_being_answered_and_are_not_waited_for() {
    let service = Setup::on(&Database::fresh().await).env("MAX_CONNECTIONS_PER_ADDRESS", "8000").start().await;
    let member = service.demo("member").await;
    let mut slow = Vec::new();
    for _ in 0..4_200 {
        let mut stream = connect(&service).await;
        assert!(say(&mut stream, HALF).await);
        slow.push(tokio::spawn(dribble(stream)));
    }
    for path in ["/events", "/problems", "/auth/me"] {
        member.get(path).await.ok();
    }
    let (answer, took) = tokio::time::timeout(SOON, slow.swap_remove(4_199)).await.expect("an end").unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "after {took:?}: {answer}");
    slow.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_one_address_beyond_its_limit_cost_nobody_else_an_answer() {
    let service = Setup::on(&Database::fresh().await).env("MAX_CONNECTIONS_PER_ADDRESS", "50").start().await;
    let mut held = Vec::new();
    let (mut refused, begun) = (0, Instant::now());
    while held.len() + refused < 80 {
        let mut stream = connect(&service).await;
        say(&mut stream, HALF).await;
        let mut first = [0; 12];
        match tokio::time::timeout(Duration::from_millis(20), stream.read(&mut first)).await {
            Ok(read) => {
                assert!(read.is_err() || first.starts_with(b"HTTP/1.1 503") || first[0] == 0, "{first:?}");
                refused += 1;
            }
            Err(_) => held.push(stream),
        }
    }
    // within the first second nobody has waited long enough to make room; after that the longest waiting one does
    assert!(held.len() <= 80 && begun.elapsed() < SOON);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for _ in 0..5 {
        let mut asking = connect(&service).await;
        assert!(say(&mut asking, "GET /problems/not_found HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await);
        let answer = heard(asking).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    let mut open = 0;
    for stream in &mut held {
        let mut buffer = [0; 1];
        open += usize::from(tokio::time::timeout(Duration::from_millis(5), stream.read(&mut buffer)).await.is_err());
    }
    assert!(open <= 50, "{open} connections are open");
}

#[tokio::test]
async fn who_has_sent_a_whole_request_and_closes_that_half_gets_the_answer() {
    let service = Setup::on(&Database::fresh().await).start().await;
    let login = r#"{"email": "member@example.com", "password": "ledger-demo"}"#;
    let log_in = format!(
        "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{login}",
        login.len()
    );
    for request in ["GET /problems/not_found HTTP/1.1\r\nhost: x\r\n\r\n", &log_in] {
        let mut stream = connect(&service).await;
        assert!(say(&mut stream, request).await);
        stream.shutdown().await.unwrap();
        let answer = heard(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(serde_json::from_str::<Value>(body).is_ok(), "all of it: {body}");
    }
    // half a request is none
    let mut stream = connect(&service).await;
    assert!(say(&mut stream, HALF).await);
    stream.shutdown().await.unwrap();
    let answer = heard(stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    // nothing waits for those who are gone when the service is asked to end
    let mut waiting = connect(&service).await;
    assert!(say(&mut waiting, HALF).await);
    assert!(service.terminate().is_some_and(|status| status.success()));
}
