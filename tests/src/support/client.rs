//! A small typed client of the HTTP API: the calls that nearly every test makes, and plain ones for the rest.

use std::{path::PathBuf, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, programme};

const PASSWORD: &str = "correct horse battery";

/// A caller: where the service is and the token it shows. Make one per test, since its connections belong to a runtime.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    log: PathBuf,
}

/// A member with an account, logged in.
#[derive(Clone)]
pub struct Member {
    /// The account's id.
    pub id: String,
    /// The account's e-mail.
    pub email: String,
    /// The member as a caller.
    pub client: Client,
}

impl Client {
    pub(crate) fn anonymous(base: String, log: PathBuf) -> Client {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build();
        Client { http: http.expect("an HTTP client"), base, token: None, log }
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
        let mut request = self.http.request(method, format!("{}{path}", self.base));
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
        Some(Answer { status, headers, bytes, json, asked, log: self.log.clone() })
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
        let position = position.to_string();
        for _ in 0..10 {
            let answer = self.must(Method::GET, path, &[("ledger-min-position", &position)], Vec::new()).await;
            if answer.json["code"] != "projection_behind" {
                return answer;
            }
        }
        panic!("GET {path}: the projections stay behind position {position}");
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

    /// Logs in.
    pub async fn login(&self, email: &str, password: &str) -> Client {
        let answer = self.post("/auth/login", &json!({"email": email, "password": password})).await;
        answer.ok();
        self.with_token(&answer.text("/accessToken"))
    }

    /// A new member of zone UTC, logged in.
    pub async fn sign_up(&self) -> Member {
        self.sign_up_with(json!({})).await
    }

    /// A new member with more than the least, such as a time zone or an invite code; logged in.
    pub async fn sign_up_with(&self, more: Value) -> Member {
        let member = self.register_with(more).await;
        Member { client: self.login(&member.email, PASSWORD).await, ..member }
    }

    /// A new member that has not logged in, so that it has no fact yet.
    pub async fn register_with(&self, more: Value) -> Member {
        let email = programme::email();
        let body = programme::with(json!({"email": email, "password": PASSWORD, "birthDate": "1995-01-01"}), more);
        let answer = self.post("/auth/signup", &body).await;
        answer.created();
        Member { id: answer.text("/id"), email, client: self.without_token() }
    }

    /// Creates an event and answers its id.
    pub async fn create_event(&self, event: &Value) -> String {
        let answer = self.post("/events", event).await;
        answer.created();
        answer.text("/id")
    }

    /// Creates a reward and answers its id.
    pub async fn create_reward(&self, reward: &Value) -> String {
        let answer = self.post("/rewards", reward).await;
        answer.created();
        answer.text("/reward/id")
    }

    /// An active event that anybody meets, with one reward of this stock; answers (event, reward).
    pub async fn create_open_event(&self, quantity: Option<i64>) -> (String, String) {
        let event = self.create_event(&programme::event(programme::anybody())).await;
        let reward = self.create_reward(&programme::reward(&event, quantity)).await;
        (event, reward)
    }

    /// Reports one activity.
    pub async fn report_activity(&self, activity: &Value) -> Answer {
        self.post("/activities", activity).await
    }

    /// Reports activities in one batch; each must be new.
    pub async fn report_activities(&self, activities: &[Value]) -> Answer {
        let answer = self.post("/activities/batch", &json!({"activities": activities})).await;
        answer.ok();
        assert!(answer.list("/results").iter().all(|result| result["status"] == 201), "a fact was refused: {answer}");
        answer
    }

    /// Asks for a reward as the member that is logged in.
    pub async fn claim(&self, reward: &str) -> Answer {
        self.post(&format!("/claims/{reward}/claim"), &json!({})).await
    }

    /// Asks for a reward as a service on behalf of a member.
    pub async fn claim_for(&self, reward: &str, member: &str) -> Answer {
        self.post(&format!("/claims/{reward}/claim"), &json!({"memberId": member})).await
    }

    /// As [`Client::claim_for`]; none when no answer came.
    pub async fn try_claim_for(&self, reward: &str, member: &str) -> Option<Answer> {
        self.try_post(&format!("/claims/{reward}/claim"), &json!({"memberId": member})).await
    }

    /// Every item of a list, page by page.
    pub async fn walk(&self, path: &str, name: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next).await;
            page.ok();
            items.extend_from_slice(page.list(&format!("/{name}")));
            let Some(cursor) = page.json["nextCursor"].as_str() else { return items };
            next = format!("{path}{}cursor={cursor}", if path.contains('?') { '&' } else { '?' });
        }
    }
}
