//! What every answer tells browsers, whatever it is: not to guess its type, not to frame it, not to keep
//! what is somebody's own. A handler that has said something itself is not overruled.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use axum::response::Response;

/// Answers are data: nothing of them is to be run or shown as a page.
const NO_DOCUMENT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Pages run what we serve, and nothing else.
const DOCUMENT: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; \
     form-action 'self'; object-src 'none'; frame-ancestors 'none'",
);
const ONE_YEAR_OF_HTTPS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Whether an answer to this request may be somebody's own.
pub(in crate::http) fn is_personal<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    headers.contains_key(header::AUTHORIZATION)
        || headers.contains_key(header::COOKIE)
        || request.uri().path().starts_with("/auth/")
}

/// Adds what is missing.
pub(in crate::http) fn protect(response: &mut Response, is_personal: bool, behind_https: bool) {
    let headers = response.headers_mut();
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    unless_said(headers, header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    unless_said(headers, header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    unless_said(headers, header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    unless_said(headers, header::CONTENT_SECURITY_POLICY, if is_page { DOCUMENT } else { NO_DOCUMENT });
    if is_personal {
        unless_said(headers, header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if behind_https {
        unless_said(headers, header::STRICT_TRANSPORT_SECURITY, ONE_YEAR_OF_HTTPS);
    }
}

fn unless_said(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}
