use std::sync::atomic::{AtomicUsize, Ordering};

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::*;
use crate::http::client_address::TrustedProxies;

const SOON: Duration = Duration::from_secs(10);

/// Counts the requests that are being answered.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Served {
    address: SocketAddr,
    stopping: CancellationToken,
    /// `/wait` has begun to be answered.
    begun: Arc<Notify>,
    /// Ends one `/wait`.
    end: Arc<Notify>,
    under_way: Arc<AtomicUsize>,
    ended: tokio::task::JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "routes of a test are in no document")]
async fn served(most_an_address: usize) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (begun, end, under_way) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let wait = {
        let (begun, end, under_way) = (begun.clone(), end.clone(), under_way.clone());
        get(async move || {
            under_way.fetch_add(1, Ordering::SeqCst);
            let _counted = UnderWay(under_way);
            begun.notify_one();
            end.notified().await;
            "waited"
        })
    };
    let router = Router::new().route("/wait", wait).route("/echo", post(async |body: String| body));
    let limits = ConnectionLimits { most: 100, most_an_address, proxies: TrustedProxies::default() };
    let stopping = CancellationToken::new();
    let ended = tokio::spawn(listen(listener, router, limits, stopping.clone()));
    Served { address, stopping, begun, end, under_way, ended }
}

impl Served {
    async fn asks(&self, request: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }
}

const WAIT: &str = "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n";

/// All that comes until the connection is closed.
async fn answer(mut client: TcpStream) -> String {
    let mut text = Vec::new();
    tokio::time::timeout(SOON, client.read_to_end(&mut text)).await.expect("an end").unwrap_or_default();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn who_has_said_everything_and_closes_that_half_gets_the_answer() {
    let served = served(10).await;
    let mut client = served.asks(WAIT).await;
    client.shutdown().await.unwrap();
    served.begun.notified().await;
    served.end.notify_one();
    assert!(answer(client).await.ends_with("waited"));
    let mut client = served.asks("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody").await;
    client.shutdown().await.unwrap();
    assert!(answer(client).await.ends_with("body"));
}

#[tokio::test]
async fn who_closes_in_the_middle_of_a_body_is_not_waited_for() {
    let served = served(10).await;
    let mut client = served.asks("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nbody").await;
    client.shutdown().await.unwrap();
    assert!(!answer(client).await.contains("200 OK"));
}

#[tokio::test]
async fn what_a_client_that_is_gone_has_asked_for_is_given_up() {
    let served = served(10).await;
    let client = served.asks(WAIT).await;
    served.begun.notified().await;
    assert_eq!(served.under_way.load(Ordering::SeqCst), 1);
    // a reset, as the kernel of a client sends it whose process ended with something unread
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    let given_up = async {
        while served.under_way.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, given_up).await.expect("it is noticed");
}

#[tokio::test]
async fn a_silent_connection_is_probed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (tcp, _) = listener.accept().await.unwrap();
    let (stream, watch) = watched(tcp);
    let socket = watch.socket();
    assert!(socket.keepalive().unwrap());
    let probing = (socket.tcp_keepalive_time().unwrap(), socket.tcp_keepalive_interval().unwrap());
    assert_eq!(probing, (Duration::from_secs(10), Duration::from_secs(5)), "as the documents say");
    assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
    drop(stream);
}

#[tokio::test]
async fn whoever_is_being_answered_when_we_stop_is_answered_also_with_half_a_connection() {
    let served = served(10).await;
    let mut client = served.asks(WAIT).await;
    client.shutdown().await.unwrap();
    served.begun.notified().await;
    served.stopping.cancel();
    served.end.notify_one();
    assert!(answer(client).await.ends_with("waited"));
    tokio::time::timeout(SOON, served.ended).await.expect("it ends").unwrap();
}

/// The first of three sends half a request and waits, the second is being answered.
#[tokio::test]
async fn one_connection_too_many_of_an_address_closes_the_one_that_sends_nothing() {
    let served = served(2).await;
    let slow = served.asks("GET /wait HTTP/1.1\r\nhost:").await;
    let asking = served.asks(WAIT).await;
    served.begun.notified().await;
    let refused = answer(served.asks("").await).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: 1"), "too early: {refused}");
    let document: serde_json::Value = serde_json::from_str(refused.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&document["code"], &document["status"]), (&"overloaded".into(), &503.into()));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let third = served.asks("POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi").await;
    assert!(answer(third).await.ends_with("hi"));
    assert_eq!(answer(slow).await, "", "it was closed without a word");
    served.end.notify_one();
    let mut asking = asking;
    asking.shutdown().await.unwrap();
    assert!(answer(asking).await.ends_with("waited"), "whoever is being answered keeps the connection");
}
