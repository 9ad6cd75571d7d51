//! The cookie of a page session. Each request checks the log-in that it was made from ([`PageSession`]), so that the
//! session ends on every instance when the log-in does.

use axum::http::HeaderValue;

use super::ROOT;
use crate::app::tokens::PAGE_SESSION_LIFETIME;
use crate::http::auth::SESSION_COOKIE;

/// The header that sets the cookie.
pub(super) fn begin(token: &str, secure: bool) -> Option<HeaderValue> {
    set(token, PAGE_SESSION_LIFETIME.num_seconds(), secure)
}

/// The header that removes it.
pub(super) fn end(secure: bool) -> Option<HeaderValue> {
    set("", 0, secure)
}

fn set(token: &str, max_age_s: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{SESSION_COOKIE}={token}; HttpOnly; SameSite=Lax; Path={ROOT}; Max-Age={max_age_s}{secure}");
    HeaderValue::try_from(text).ok()
}
