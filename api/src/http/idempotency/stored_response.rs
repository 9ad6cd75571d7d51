//! The stored form of an answer: its status, the headers that belong to the result, and the body. The first line is
//! JSON with status and headers; the body follows byte for byte.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use serde::{Deserialize, Serialize};

use crate::http::headers::has_coupon::HAS_COUPON;
use crate::http::headers::positions::LEDGER_POSITION;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The headers that are stored; all others belong to one transmission.
const KEPT_HEADERS: [HeaderName; 6] =
    [header::CONTENT_TYPE, header::CONTENT_LANGUAGE, header::ETAG, header::LOCATION, LEDGER_POSITION, HAS_COUPON];

/// One whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredResponse {
    head: Head,
    body: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

impl StoredResponse {
    /// `None` when the body is not in memory completely.
    pub(super) fn of(response: Response) -> Option<Self> {
        let (parts, body) = response.into_parts();
        let kept = KEPT_HEADERS.into_iter().filter_map(|name| {
            let value = parts.headers.get(&name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let head = Head { status: parts.status.as_u16(), headers: kept.collect() };
        let body = axum::body::to_bytes(body, usize::MAX).now_or_never()?.ok()?;
        Some(Self { head, body })
    }

    /// The stored form.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(&self.head).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Reads the stored form back.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = bytes.split_at(end);
        Some(Self { head: serde_json::from_slice(head).ok()?, body: Bytes::copy_from_slice(&body[1..]) })
    }

    /// The answer as it was sent first.
    pub(super) fn thaw(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.head.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.head.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    /// The answer as a replay.
    pub(super) fn replay(self) -> Response {
        ([(REPLAYED, "true")], self.thaw()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let sent = || {
            let headers =
                [(header::CONTENT_TYPE, "application/json"), (header::SET_COOKIE, "a=b"), (header::ETAG, "7")];
            (StatusCode::CREATED, headers, "{\"a\":\n1}").into_response()
        };
        let frozen = StoredResponse::of(sent()).unwrap();
        assert_eq!(StoredResponse::from_bytes(&frozen.to_bytes()), Some(frozen.clone()));
        let again = frozen.replay();
        assert_eq!(again.status(), StatusCode::CREATED);
        assert_eq!(again.headers()[header::ETAG], "7");
        assert_eq!(again.headers()[REPLAYED], "true");
        assert!(!again.headers().contains_key(header::SET_COOKIE), "what belongs to one sending is not repeated");
        let body = axum::body::to_bytes(again.into_body(), 100).now_or_never().unwrap().unwrap();
        assert_eq!(&body[..], b"{\"a\":\n1}");
    }

    #[test]
    fn an_empty_body_is_one() {
        let frozen = StoredResponse::of(StatusCode::NO_CONTENT.into_response()).unwrap();
        assert_eq!(StoredResponse::from_bytes(&frozen.to_bytes()), Some(frozen));
    }
}
