//! What HTTP alone costs: the bearer token is checked as the service does it, and the answer is always
//! the same. It runs in a process of its own, as the service does.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;

use api::app::tokens::Keys;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use tests::support::process::{free_port, kept, spawn};
use tests::support::{Client, folder};
use tokio::net::TcpListener;

/// The first argument that makes this program the constant.
pub(crate) const ROLE: &str = "constant";
/// As long as the answer to a claim.
const ANSWER: &str = r#"{"claim":{"amount":100,"decision":{"conditionVersion":1,"evaluatedAt":"2026-11-21T12:00:00.000Z","evidence":[{"have":7,"kind":"login","leaf":"streak","met":true,"need":7,"path":""}],"factsPosition":320003,"met":true,"timeZone":"UTC"},"eventId":"019ab0c2-3333-7abc-8def-000000000000","id":"019ab0c2-4444-7abc-8def-000000000000","period":"once","position":320004,"rewardId":"019ab0c2-2222-7abc-8def-000000000000","status":"granted","type":"POINT","userId":"019ab0c2-1111-7abc-8def-000000000000"},"message":"The reward is yours."}"#;

/// The server as the bench sees it.
pub(crate) struct Constant {
    child: Child,
    port: u16,
}

impl Constant {
    /// Starts it with the token keys in a service's data folder.
    pub(crate) async fn start(data: &Path) -> Self {
        let port = free_port();
        let mut command = kept("KILL", std::env::current_exe().unwrap());
        command.arg(ROLE).arg(port.to_string()).arg(data).current_dir(folder::fresh(ROLE));
        let constant = Self { child: spawn(command), port };
        let client = Client::of(&constant.url());
        while client.try_get("/").await.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        constant
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Constant {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The server itself: `constant PORT DATA_FOLDER`, until it is killed.
pub(crate) async fn serve(mut arguments: impl Iterator<Item = String>) {
    let port: u16 = arguments.next().unwrap().parse().unwrap();
    let keys = Keys::open(None, &PathBuf::from(arguments.next().unwrap())).unwrap();
    let router = Router::new().route("/claims/{id}/claim", post(answer)).with_state(Arc::new(keys));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap().tap_io(|connection| {
        connection.set_nodelay(true).unwrap();
    });
    axum::serve(listener, router).await.unwrap();
}

async fn answer(State(keys): State<Arc<Keys>>, headers: HeaderMap) -> Response {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match value.and_then(|value| value.strip_prefix("Bearer ")).map(|token| keys.verify(token)) {
        Some(Ok(_)) => (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], ANSWER).into_response(),
        Some(Err(_)) | None => StatusCode::UNAUTHORIZED.into_response(),
    }
}
