//! A request to a page by somebody who is signed in: the session, the preferences, and a client of the API with the
//! reader's rights. Others are redirected to sign in, and then back.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use domain::role::Role;
use domain::zone::Tz;
use std::str::FromStr;

use super::Pages;
use super::client::Client;
use super::failure::Failure;
use super::preferences::Preferences;
use super::text::Text;
use crate::app::i18n;
use crate::app::problem::Code;
use crate::http::auth::PageSession;

/// The roles that manage events and decide claims.
pub(super) const OPERATORS: &[Role] = &[Role::Operator, Role::Admin];
/// The roles that read the log.
pub(super) const AUDITORS: &[Role] = &[Role::Auditor, Role::Admin];
/// The roles that see the staff pages.
pub(super) const STAFF: &[Role] = &[Role::Operator, Role::Auditor, Role::Admin];

/// A request by somebody who is signed in.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) pages: Pages,
    pub(super) session: PageSession,
    pub(super) api: Client,
    pub(super) text: Text,
    pub(super) preferences: Preferences,
    /// Path and query of the request.
    pub(super) uri: Uri,
    /// The names and values of the query.
    pub(super) query: Vec<(String, String)>,
}

impl FromRequestParts<Pages> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Failure> {
        let uri = parts.uri.clone();
        let session = PageSession::of(parts, &pages.0.state).await.map_err(|problem| {
            if matches!(problem.code(), Code::Unauthenticated | Code::TokenExpired | Code::TokenOutdated) {
                Failure::Elsewhere(sign_in_and_back(&uri))
            } else {
                Failure::from(problem)
            }
        })?;
        Ok(Self::new(pages, session, parts, uri))
    }
}

/// The address of the sign-in page that returns to this page.
fn sign_in_and_back(uri: &Uri) -> String {
    let next = uri.path_and_query().map_or("/ui", |path| path.as_str());
    if next == "/ui" || next == "/" {
        return "/ui/sign-in".to_owned();
    }
    let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("/ui/sign-in?next={next}")
}

impl Visit {
    pub(super) fn new(pages: &Pages, session: PageSession, parts: &Parts, uri: Uri) -> Self {
        let preferences = Preferences::of(&parts.headers);
        let query: Vec<_> =
            form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().take(50).collect();
        let asked = |name: &str| query.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
        let zone = asked("zone").and_then(|name| Tz::from_str(name).ok()).or(preferences.zone).unwrap_or(Tz::UTC);
        let seen = min_position(&parts.headers).or_else(|| asked("min")?.parse().ok());
        let api = Client::new(pages, Some(session.caller), parts).reading_from(seen);
        let text = Text { language: i18n::current(), zone };
        Self { pages: pages.clone(), session, api, text, preferences, uri, query }
    }

    /// A value of the query; `None` if it is absent or empty.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        let value = self.query.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// The part of the page that is requested alone, to replace that of an open page.
    pub(super) fn fragment(&self) -> Option<&str> {
        self.asked("fragment")
    }

    /// Lets only these roles pass.
    ///
    /// # Errors
    /// `forbidden`.
    pub(super) fn only(&self, roles: &[Role]) -> Result<(), Failure> {
        if self.is_one_of(roles) { Ok(()) } else { Err(Failure::of(Code::Forbidden)) }
    }

    /// Whether the reader has one of these roles.
    pub(super) fn is_one_of(&self, roles: &[Role]) -> bool {
        roles.contains(&self.session.caller.role)
    }

    /// A link to this page with a changed query; `None` removes a name. All other names (`at`, `vs`, `zone`, filters)
    /// stay in order.
    pub(super) fn link(&self, changes: &[(&str, Option<&str>)]) -> String {
        link_of(self.uri.path(), &self.query, changes)
    }

    /// A link to another page as of the same moment: it keeps `at`, `vs` and `zone`.
    pub(super) fn to(&self, path: &str) -> String {
        self.to_with(path, &[])
    }

    /// The same with more of a query.
    pub(super) fn to_with(&self, path: &str, query: &[(&str, &str)]) -> String {
        let kept = |name: &str| ["at", "vs", "zone"].contains(&name);
        let kept: Vec<_> = self.query.iter().filter(|(name, _)| kept(name)).cloned().collect();
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, Some(*value))).collect();
        link_of(path, &kept, &query)
    }

    /// The visit of another page, for a form that failed: the response is the page that the form is on.
    pub(super) fn at_page(&self, path: &str) -> Self {
        let uri = Uri::try_from(path).unwrap_or_else(|_| self.uri.clone());
        Self { uri, ..self.clone() }
    }

    /// The address of this page, to return to.
    pub(super) fn here(&self) -> String {
        self.link(&[("fragment", None), ("min", None)])
    }
}

fn link_of(path: &str, query: &[(String, String)], changes: &[(&str, Option<&str>)]) -> String {
    let mut written = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        if !changes.iter().any(|(changed, _)| changed == name) {
            written.append_pair(name, value);
        }
    }
    for (name, value) in changes {
        if let Some(value) = value {
            written.append_pair(name, value);
        }
    }
    let query = written.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The position that the answer must include, as the script module requests it.
fn min_position(headers: &HeaderMap) -> Option<i64> {
    headers.get("ledger-min-position")?.to_str().ok()?.parse().ok()
}
