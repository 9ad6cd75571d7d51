//! A caller of the HTTP API: where the service is, the token it shows, and the plain calls. What they mean is not known
//! here, but every answer of the service is held to its API document.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;

use super::{
    Answer,
    contract::{self, Operation},
};

/// A caller: where the service is and the token it shows. Make one per test, since its connections belong to a runtime.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    log: PathBuf,
    judge: Judge,
}

/// What becomes of an answer before a test sees it.
#[derive(Clone, Default)]
struct Judge {
    /// It is held to the API document.
    strict: bool,
    /// The operations that were answered with a 2xx.
    done: Arc<Mutex<BTreeSet<Operation>>>,
}

impl Judge {
    #[track_caller]
    fn judge(&self, method: &Method, path: &str, answer: &Answer) {
        let Some(operation) = contract::operation(method, path).filter(|_| self.strict) else { return };
        if let Some(surprise) = contract::surprise(operation, answer) {
            panic!("{}\nnot as the API document says: {surprise}\n{answer}", answer.asked);
        }
        if (200..300).contains(&answer.status) {
            self.done.lock().expect("a list").insert(operation.clone());
        }
    }
}

impl Client {
    /// A caller of something else that listens at `base`.
    pub fn of(base: &str) -> Client {
        let caller = Client::anonymous(base.to_owned(), PathBuf::new());
        Client { judge: Judge::default(), ..caller }
    }

    /// The operations that were answered with a 2xx, to this caller and to all that were made of the same.
    pub fn done(&self) -> BTreeSet<Operation> {
        self.judge.done.lock().expect("a list").clone()
    }

    pub(crate) fn anonymous(base: String, log: PathBuf) -> Client {
        // sooner than the server ends a connection that rests: a request must not meet its end
        let client = reqwest::Client::builder().pool_idle_timeout(Duration::from_secs(2));
        let http = client.timeout(Duration::from_secs(60)).no_proxy().build();
        Client {
            http: http.expect("an HTTP client"),
            base,
            token: None,
            log,
            judge: Judge { strict: true, ..Judge::default() },
        }
    }

    /// The same caller with another token.
    pub fn with_token(&self, token: &str) -> Client {
        Client { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller without a token.
    pub fn without_token(&self) -> Client {
        Client { token: None, ..self.clone() }
    }

    /// The token it shows.
    #[track_caller]
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a caller that has logged in")
    }

    /// Sends a request as it stands; none when no answer came.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Option<Answer> {
        let shown = String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned();
        let asked = format!("{method} {path} {shown}");
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await.ok()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.ok()?.to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { status, headers, bytes, json, asked, log: self.log.clone() };
        self.judge.judge(&method, path, &answer);
        Some(answer)
    }

    async fn must(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let asked = format!("{method} {path}");
        self.send(method, path, headers, body).await.unwrap_or_else(|| panic!("no answer to {asked}"))
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.must(Method::GET, path, &[], Vec::new()).await
    }

    /// GET; none when no answer came.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    /// GET once the projections have folded up to a position; patient for as long as they are behind.
    pub async fn get_at(&self, path: &str, position: i64) -> Answer {
        for _ in 0..10 {
            let answer = self.try_get_at(path, position).await;
            if answer.json["code"] != "projection_behind" {
                return answer;
            }
        }
        panic!("GET {path}: the projections stay behind position {position}");
    }

    /// GET at a position, or the answer that the projections are behind it.
    pub async fn try_get_at(&self, path: &str, position: i64) -> Answer {
        self.must(Method::GET, path, &[("ledger-min-position", &position.to_string())], Vec::new()).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.must(Method::POST, path, &[("content-type", "application/json")], body.to_string().into_bytes()).await
    }

    /// POST of JSON; none when no answer came.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        let headers = [("content-type", "application/json")];
        self.send(Method::POST, path, &headers, body.to_string().into_bytes()).await
    }

    /// POST of JSON under an idempotency key.
    pub async fn post_once(&self, path: &str, body: &Value, key: &str) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.must(Method::POST, path, &headers, body.to_string().into_bytes()).await
    }

    /// POST of raw text that is called JSON.
    pub async fn post_text(&self, path: &str, body: &str) -> Answer {
        self.must(Method::POST, path, &[("content-type", "application/json")], body.as_bytes().to_vec()).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.must(Method::PATCH, path, &[("content-type", "application/json")], body.to_string().into_bytes()).await
    }

    /// DELETE with JSON.
    pub async fn delete(&self, path: &str, body: &Value) -> Answer {
        self.must(Method::DELETE, path, &[("content-type", "application/json")], body.to_string().into_bytes()).await
    }

    /// PATCH of JSON to what still has this entity tag.
    pub async fn patch_if(&self, path: &str, body: &Value, tag: &str) -> Answer {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        self.must(Method::PATCH, path, &headers, body.to_string().into_bytes()).await
    }

    /// POST without a body to what still has this entity tag.
    pub async fn post_if(&self, path: &str, tag: &str) -> Answer {
        self.must(Method::POST, path, &[("if-match", tag)], Vec::new()).await
    }

    /// Every item of a list after a cursor, page by page.
    pub async fn walk(&self, path: &str, name: &str, after: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = after.to_owned();
        loop {
            let page = self.get(&format!("{path}{}cursor={cursor}", if path.contains('?') { '&' } else { '?' })).await;
            page.ok();
            items.extend_from_slice(page.list(&format!("/{name}")));
            match page.json["nextCursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => return items,
            }
        }
    }
}
