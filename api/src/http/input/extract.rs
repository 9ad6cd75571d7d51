//! What a handler may ask of a request besides who sends it: its body, its query, an id in its path.
//! Strict by construction: whatever is not asked for is refused.

mod encoding;

mod reading;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query as RawQuery, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::encoding::{CONTENT_ENCODING_FIELD, READ_ENCODINGS};
use self::encoding::{Encoding, too_large};
use self::reading::elsewhere;
pub(crate) use self::reading::read_body;

use crate::app::i18n::phrases;
use crate::app::input::fields::readers::parse_id;
use crate::app::input::fields::{BODY_LIMIT_BYTES, Broken, Fields, FromFields};
use crate::app::problem::{Code, MAX_ERRORS, Problem};
use crate::http::layers::arrival::{self, Arrived};

/// The body, read strictly.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: FromFields, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = body_bytes::<T>(request).await?;
        read_body(bytes).await.map(Self)
    }
}

/// The bytes of a body, which is JSON by its type, or empty; decoded where they were sent encoded.
pub(crate) async fn body_bytes<T: FromFields>(request: Request) -> Result<Bytes, Problem> {
    let is_json = has_json_type(request.headers());
    let encoding = Encoding::of(request.headers());
    let bytes = collect(request, T::BODY_LIMIT_BYTES).await?;
    if bytes.is_empty() {
        return Ok(bytes);
    }
    if !is_json {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    match encoding? {
        Encoding::Identity => Ok(bytes),
        encoding => elsewhere(move || encoding.decode(&bytes, T::BODY_LIMIT_BYTES).map(Bytes::from)).await,
    }
}

/// The body of a form, after a check of its content type.
///
/// # Errors
/// `unsupported_media_type`, `body_too_large`; `malformed_json` for an incomplete body.
pub(crate) async fn form_bytes(request: Request) -> Result<Bytes, Problem> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    collect(request, BODY_LIMIT_BYTES).await
}

/// The bytes of a body that is no JSON, up to a limit; its type is the caller's business.
///
/// # Errors
/// `body_too_large`; `malformed_json` for an incomplete body.
pub(crate) async fn raw_bytes(request: Request, limit_bytes: usize) -> Result<Bytes, Problem> {
    collect(request, limit_bytes).await
}

fn has_json_type(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

/// The body as it arrived.
async fn collect(mut request: Request, limit_bytes: usize) -> Result<Bytes, Problem> {
    let arrived = match request.extensions_mut().remove::<Arrived>() {
        Some(arrived) => arrived,
        None => arrival::read(request.into_body(), limit_bytes, arrival::PACE).await,
    };
    match arrived {
        Arrived::Whole(bytes) if bytes.len() <= limit_bytes => Ok(bytes),
        Arrived::Whole(_) | Arrived::TooLarge => Err(too_large(limit_bytes)),
        Arrived::TooSlow => Err(Problem::new(Code::MalformedJson).detail(phrases::body_too_slow())),
        Arrived::BrokenOff => Err(Problem::new(Code::MalformedJson)),
    }
}

/// The query, read strictly.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: FromFields, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = RawQuery::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Problem::field("query", "format", "must be name=value pairs"))?;
        let mut values = Map::new();
        let mut twice = Vec::new();
        for (name, value) in pairs.0 {
            if values.insert(name.clone(), Value::String(value)).is_some() {
                twice.push(name);
            }
        }
        let mut fields = Fields::of(values, "query.");
        for name in twice.into_iter().take(MAX_ERRORS) {
            fields.report(&name, Broken::new("duplicate_key", "must not be there twice"));
        }
        let read = T::read(&mut fields);
        fields.finish(read).map(Self).map_err(Problem::invalid)
    }
}

/// An id in the path. What is no id names nothing.
#[derive(Debug, Clone, Copy)]
pub struct PathId(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let PathText(text) = PathText::from_request_parts(parts, state).await?;
        parse_id(&text).map(Self).ok_or_else(|| Problem::new(Code::NotFound))
    }
}

/// A word in the path. What cannot be read names nothing.
#[derive(Debug, Clone)]
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        read.map(|Path(text)| Self(text)).map_err(|_| Problem::new(Code::NotFound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::input::fields::Nothing;
    use crate::http::input::adversary;
    use futures::FutureExt as _;

    #[test]
    fn a_query_is_answered_in_proportion() {
        for pair in ["a", "a=1", "%01%22=", "limit=x"] {
            for query in [vec![pair; 60_000 / (pair.len() + 1)].join("&"), pair.repeat(60_000 / pair.len())] {
                let request = axum::http::Request::builder().uri(format!("/?{query}")).body(()).unwrap();
                let mut parts = request.into_parts().0;
                adversary::is_bounded(query.as_bytes(), || {
                    Query::<Nothing>::from_request_parts(&mut parts, &()).now_or_never().unwrap()
                });
            }
        }
    }
}
