//! Entity tags. `ETag` is the sequence of the last event of a resource's stream; `If-Match` requires that it is still
//! the last. `If-None-Match` is not supported: a status changes with time and stock with claims, so that answers may
//! differ under the same tag. It knows no resource.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::problem::Problem;

/// The tag of a stream whose last event has this sequence.
pub(crate) fn etag(sequence: i64) -> HeaderValue {
    let tag = format!("\"{sequence}\"");
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// An answer with the `ETag` of its resource.
#[derive(Debug)]
pub struct Tagged<T>(pub i64, pub T);

impl<T: IntoResponse> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response.headers_mut().insert(header::ETAG, etag(self.0));
        response
    }
}

/// The precondition of a change, from `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<i64>>);

impl IfMatch {
    /// No precondition.
    #[must_use]
    pub fn anything() -> Self {
        Self(None)
    }

    /// The sequences of which one must be the stream's last; `None`: any.
    #[must_use]
    pub fn seen(&self) -> Option<&[i64]> {
        self.0.as_deref()
    }

    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut seen = None;
        for value in headers.get_all(header::IF_MATCH) {
            let text = value.to_str().ok()?.trim();
            if text == "*" {
                continue;
            }
            let seen: &mut Vec<i64> = seen.get_or_insert_default();
            for tag in text.split(',').map(str::trim) {
                let strong = tag.strip_prefix("W/").unwrap_or(tag);
                let opaque = strong.strip_prefix('"')?.strip_suffix('"').filter(|opaque| !opaque.contains('"'))?;
                // a weak tag, or one that we never issued, never matches
                seen.extend(opaque.parse::<i64>().ok().filter(|number| tag == format!("\"{number}\"")));
            }
        }
        Some(Self(seen))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.headers)
            .ok_or_else(|| Problem::field("header.If-Match", "entity_tag", "must be *, or entity tags such as \"7\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], seen: Option<Option<&[i64]>>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, value.parse().unwrap());
        }
        assert_eq!(IfMatch::of(&headers).as_ref().map(IfMatch::seen), seen, "{values:?}");
    }

    #[test]
    fn only_the_strong_tag_of_a_number_matches() {
        check(&[], Some(None));
        check(&["*"], Some(None));
        check(&["\"7\""], Some(Some(&[7])));
        check(&["\"7\", \"8\"", "\"9\""], Some(Some(&[7, 8, 9])));
        for other in ["W/\"7\"", "\"07\"", "\"+7\"", "\"seven\"", "\"\""] {
            check(&[other], Some(Some(&[])));
        }
        for none in ["7", "\"7", "\"7\" \"8\"", "", "W/7", "\""] {
            check(&[none], None);
        }
    }
}
