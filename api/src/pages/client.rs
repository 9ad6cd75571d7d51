//! The pages' client of the API. It calls the API's router in the same process, as whoever is signed in, with the same
//! routes, rules and errors as for any client. It knows no page and no path.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt as _;

use super::Pages;
use super::recent::{Recent, Shared};
use crate::http::auth::{Caller, LetIn};
use crate::http::request_id::RequestId;

/// More than the longest answer of the API: lists are bounded.
const LONGEST_ANSWER_BYTES: usize = 16 * 1024 * 1024;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The API for one request to a page.
#[derive(Clone)]
pub(super) struct Client {
    api: Router,
    caller: Option<Caller>,
    request: RequestId,
    peer: Option<ConnectInfo<SocketAddr>>,
    forwarded: Option<HeaderValue>,
    min_position: Option<i64>,
    recent: Arc<Recent>,
}

/// A successful answer of the API.
#[derive(Debug)]
pub(super) struct Answer<T> {
    /// The body.
    pub(super) body: T,
    /// The position of the log that the answer is as of.
    pub(super) position: Option<i64>,
    /// The version of the resource, for `If-Match`.
    pub(super) etag: Option<String>,
}

/// An error of the API, read from its problem document.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) title: String,
    #[serde(default)]
    pub(super) detail: String,
    #[serde(default)]
    pub(super) errors: Vec<FieldRefused>,
    /// `urn:uuid:…`, which identifies the request in the service's own log.
    #[serde(default)]
    pub(super) instance: String,
    /// The other members of the document.
    #[serde(flatten)]
    pub(super) more: serde_json::Map<String, Value>,
}

/// An invalid field.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct FieldRefused {
    pub(super) field: String,
    pub(super) message: String,
}

/// The parts of a request that changes something.
#[derive(Debug, Clone, Default)]
pub(super) struct Change<'a> {
    /// The body, if there is one.
    pub(super) body: Option<Value>,
    /// The idempotency key, under which it can be sent again.
    pub(super) idempotency_key: Option<&'a str>,
    /// The version of the resource that the reader saw.
    pub(super) if_match: Option<&'a str>,
}

impl Client {
    pub(super) fn new(pages: &Pages, caller: Option<Caller>, parts: &Parts) -> Self {
        Self {
            api: pages.0.api.clone(),
            caller,
            request: RequestId::of(&parts.extensions),
            peer: parts.extensions.get().copied(),
            forwarded: parts.headers.get(FORWARDED_FOR).cloned(),
            min_position: None,
            recent: pages.0.recent.clone(),
        }
    }

    /// Makes later reads wait until the log has been folded up to this position.
    pub(super) fn reading_from(self, min_position: Option<i64>) -> Self {
        Self { min_position, ..self }
    }

    /// Sends a GET request. Names and values of the query are escaped here.
    ///
    /// # Errors
    /// The API's.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Refused> {
        self.read(path, query).await.map(|answer| answer.body)
    }

    /// Sends a GET request, and returns the headers of the answer too.
    ///
    /// # Errors
    /// The API's.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer<T>, Refused> {
        let uri = address(path, query);
        if Recent::shares(&uri) { self.shared(&uri).await } else { self.parsed(self.get_as_is(&uri).await?) }
    }

    /// The same for a dashboard as of a time that is past: its answer does not change any more either.
    ///
    /// # Errors
    /// The API's.
    pub(super) async fn past<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Refused> {
        self.shared(&address(path, query)).await.map(|answer| answer.body)
    }

    async fn shared<T: DeserializeOwned>(&self, uri: &str) -> Result<Answer<T>, Refused> {
        let ask = self.get_as_is(uri);
        let answer = match self.caller {
            Some(caller) => self.recent.answer(caller.role, uri, ask).await?,
            None => ask.await?,
        };
        self.parsed(answer)
    }

    async fn get_as_is(&self, uri: &str) -> Result<Shared, Refused> {
        self.ask(Method::GET, uri, Change::default()).await
    }

    /// Reads the answer that says what now is, which readers of the same second share.
    ///
    /// # Errors
    /// The API's.
    pub(super) async fn now<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        let answer = self.recent.now(self.min_position, self.get_as_is(path)).await?;
        self.parsed(answer).map(|answer| answer.body)
    }

    /// Sends a request that changes something.
    ///
    /// # Errors
    /// The API's.
    pub(super) async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        change: Change<'_>,
    ) -> Result<Answer<T>, Refused> {
        self.parsed(self.ask(method, path, change).await?)
    }

    fn parsed<T: DeserializeOwned>(&self, answer: Shared) -> Result<Answer<T>, Refused> {
        Ok(Answer { body: self.body(&answer.body)?, position: answer.position, etag: answer.etag })
    }

    async fn ask(&self, method: Method, uri: &str, change: Change<'_>) -> Result<Shared, Refused> {
        let is_read = method == Method::GET;
        let mut request = Request::builder().method(method).uri(uri).extension(self.request);
        let optional =
            [(HeaderName::from_static("idempotency-key"), change.idempotency_key), (header::IF_MATCH, change.if_match)];
        for (name, value) in optional.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            request = request.header(name, value);
        }
        if let Some(position) = self.min_position.filter(|_| is_read) {
            request = request.header("ledger-min-position", position);
        }
        if let Some(forwarded) = &self.forwarded {
            request = request.header(FORWARDED_FOR, forwarded);
        }
        if change.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(caller) = self.caller {
            request = request.extension(LetIn(caller));
        }
        if let Some(peer) = self.peer {
            request = request.extension(peer);
        }
        let body = change.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(body).map_err(|error| self.broken(&error))?;
        let Ok(response) = self.api.clone().oneshot(request).await;
        let response = crate::http::router::documented(response, self.request.0);
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, LONGEST_ANSWER_BYTES).await.map_err(|error| self.broken(&error))?;
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if !parts.status.is_success() {
            let refused: Refused = serde_json::from_slice(&bytes).unwrap_or_else(|error| self.broken(&error));
            let position = text("ledger-position").and_then(|position| position.parse::<i64>().ok());
            return Err(refused.at(position));
        }
        Ok(Shared {
            body: bytes,
            position: text("ledger-position").and_then(|position| position.parse().ok()),
            etag: text("etag").map(str::to_owned),
        })
    }

    /// Reads the body; an empty one is `null`.
    fn body<T: DeserializeOwned>(&self, bytes: &Bytes) -> Result<T, Refused> {
        let bytes: &[u8] = if bytes.is_empty() { b"null" } else { bytes };
        serde_json::from_slice(bytes).map_err(|error| self.broken(&error))
    }

    /// An answer that a page cannot read is a bug of this program.
    fn broken(&self, error: &dyn std::fmt::Display) -> Refused {
        tracing::error!(%error, request.id = %self.request.0, "a page cannot read an answer of the API");
        Refused {
            status: 500,
            code: "internal".to_owned(),
            title: String::new(),
            detail: String::new(),
            errors: vec![],
            instance: self.request.0.urn().to_string(),
            more: serde_json::Map::new(),
        }
    }
}

fn address(path: &str, query: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

impl Refused {
    /// The member of the problem document that holds the log's position.
    const POSITION: &str = "ledgerPosition";

    fn at(mut self, position: Option<i64>) -> Self {
        self.more.extend(position.map(|position| (Self::POSITION.to_owned(), Value::from(position))));
        self
    }

    /// The position of the log at the time of the refusal. A read that waits for it sees what the refusal was based on.
    pub(super) fn position(&self) -> Option<i64> {
        self.more.get(Self::POSITION)?.as_i64()
    }

    /// Whether the result is unknown: the request may have been executed, and can be sent again under its key.
    pub(super) fn is_unknown(&self) -> bool {
        self.status == 503
    }
}
