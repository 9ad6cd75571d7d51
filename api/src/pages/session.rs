//! The cookie of a page session: made from a log-in, gone with it. What it stands for is asked at each request
//! ([`PageSession`]), so that it ends everywhere when the log-in does.

use axum::http::HeaderValue;

use super::ROOT;
use crate::app::tokens::PAGE_SESSION_LIFETIME;
use crate::http::auth::SESSION_COOKIE;

/// The header that makes a browser keep a session.
pub(super) fn begin(token: &str, secure: bool) -> Option<HeaderValue> {
    set(token, PAGE_SESSION_LIFETIME.num_seconds(), secure)
}

/// The header that makes a browser forget it.
pub(super) fn end(secure: bool) -> Option<HeaderValue> {
    set("", 0, secure)
}

fn set(token: &str, max_age_s: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={token}; HttpOnly; SameSite=Lax; Path={ROOT}; Max-Age={max_age_s}{secure}");
    HeaderValue::try_from(text).ok()
}
