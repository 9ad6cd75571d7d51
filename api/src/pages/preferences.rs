//! The reader's preferences in this browser: language, theme, time zone, single-letter keys. They are in a cookie of
//! their own, which links and forms change. It knows no account.

use std::str::FromStr;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::zone::Tz;
use serde::Deserialize;

use super::response::see_other;
use super::{Pages, ROOT};
use crate::app::i18n::Language;
use crate::http::auth::cookie;

const COOKIE: &str = "ledgerPreferences";
/// A year: browsers keep no cookie for longer.
const LIFETIME_S: u32 = 365 * 24 * 3_600;

/// Light, dark, or that of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The value of `data-theme`, and its name in links.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name)
    }
}

/// The preferences.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Preferences {
    /// `None`: the language that the browser asks for.
    pub(super) language: Option<Language>,
    pub(super) theme: Theme,
    /// `None`: the time zone of the account.
    pub(super) zone: Option<Tz>,
    /// Whether single-letter keys are off.
    pub(super) keys_off: bool,
}

impl Preferences {
    /// Reads the cookie, and ignores what is invalid.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for pair in cookie(headers, COOKIE).unwrap_or_default().split('&') {
            match pair.split_once('=') {
                Some(("language", tag)) => found.language = Language::from_tag(tag),
                Some(("theme", name)) => found.theme = Theme::from_name(name).unwrap_or_default(),
                Some(("zone", name)) => found.zone = Tz::from_str(name).ok(),
                Some(("keys", "off")) => found.keys_off = true,
                _ => {}
            }
        }
        found
    }

    /// The `Set-Cookie` header.
    pub(super) fn cookie(self, secure: bool) -> Option<HeaderValue> {
        let mut pairs = vec![];
        if let Some(language) = self.language {
            pairs.push(format!("language={}", language.tag()));
        }
        if self.theme != Theme::System {
            pairs.push(format!("theme={}", self.theme.name()));
        }
        if let Some(zone) = self.zone {
            pairs.push(format!("zone={}", zone.name()));
        }
        if self.keys_off {
            pairs.push("keys=off".to_owned());
        }
        let secure = if secure { "; Secure" } else { "" };
        let pairs = pairs.join("&");
        let text = format!("{COOKIE}={pairs}; HttpOnly; SameSite=Lax; Path={ROOT}; Max-Age={LIFETIME_S}{secure}");
        HeaderValue::try_from(text).ok()
    }
}

/// The names of all time zones to choose from.
pub(super) fn zones() -> Vec<&'static str> {
    domain::zone::rules::in_force().names()
}

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/language/{tag}", get(language)).route("/ui/theme/{name}", get(theme))
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

async fn language(
    State(pages): State<Pages>,
    Path(tag): Path<String>,
    Query(Back { back }): Query<Back>,
    headers: HeaderMap,
) -> Response {
    let preferences = Preferences { language: Language::from_tag(&tag), ..Preferences::of(&headers) };
    remembered(&pages, preferences, &back)
}

async fn theme(
    State(pages): State<Pages>,
    Path(name): Path<String>,
    Query(Back { back }): Query<Back>,
    headers: HeaderMap,
) -> Response {
    let theme = Theme::from_name(&name).unwrap_or_default();
    remembered(&pages, Preferences { theme, ..Preferences::of(&headers) }, &back)
}

/// Stores the preferences, and redirects back.
fn remembered(pages: &Pages, preferences: Preferences, back: &str) -> Response {
    let mut response = see_other(local(back)).into_response();
    if let Some(cookie) = preferences.cookie(pages.0.state.secure_cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A path of our pages; anything else becomes the start page.
pub(super) fn local(path: &str) -> &str {
    let is_ours = path == ROOT || path.starts_with("/ui/") || path.starts_with("/ui?");
    let is_plain = path.len() <= 2_048 && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours && is_plain { path } else { ROOT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_back() {
        let written = Preferences {
            language: Some(Language::Korean),
            theme: Theme::Dark,
            zone: Tz::from_str("UTC").ok(),
            keys_off: true,
        };
        let header = written.cookie(true).unwrap();
        let mut headers = HeaderMap::new();
        let pair = header.to_str().unwrap().split(';').next().unwrap().to_owned();
        headers.insert(header::COOKIE, HeaderValue::try_from(pair).unwrap());
        let read = Preferences::of(&headers);
        assert_eq!((read.language, read.theme, read.keys_off), (Some(Language::Korean), Theme::Dark, true));
        assert_eq!(read.zone.map(Tz::name), Some("UTC"));
        headers
            .insert(header::COOKIE, HeaderValue::from_static("ledgerPreferences=theme=pink&zone=Mars&x&=&language="));
        let read = Preferences::of(&headers);
        assert_eq!((read.language, read.theme, read.keys_off), (None, Theme::System, false));
    }

    #[test]
    fn nobody_is_led_to_another_site() {
        for ours in ["/ui", "/ui/events?x=1", "/ui?at=5"] {
            assert_eq!(local(ours), ours);
        }
        for other in ["", "https://example.com", "//example.com", "/auth/me", "/uix", "/ui/\r\nx", "/ui/\\x", "/ui/가"]
        {
            assert_eq!(local(other), ROOT, "{other}");
        }
    }
}
