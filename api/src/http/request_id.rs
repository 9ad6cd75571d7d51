//! The id of a request: in the answer, in a problem and in the log.

use axum::extract::Request;
use axum::http::{Extensions, HeaderName};
use uuid::Uuid;

use crate::app::input::fields::readers::parse_id;

/// Where it is read and written.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: the caller's own when it is a UUID, else a new one.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// The id of the request that is being answered.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().copied().unwrap_or_else(|| Self(Uuid::now_v7()))
    }

    /// The one that the request brings, or a new one.
    #[must_use]
    pub fn from_headers(request: &Request) -> Self {
        let sent = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).and_then(parse_id);
        Self(sent.unwrap_or_else(Uuid::now_v7))
    }
}
