//! `/ui/sign-in`, `/ui/sign-out`: signs in with e-mail and password, and out again. A demo offers its accounts with one
//! click.

use askama::Template;
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::role::Role;
use domain::zone::Tz;
use serde::Deserialize;
use serde_json::json;
use std::str::FromStr;

use super::client::{Change, Client, Refused};
use super::failure::Failure;
use super::form::{self, Posted};
use super::preferences::{Preferences, Theme, local};
use super::response::{page, page_with, see_other};
use super::send_again::{SendAgainPage, Unsent};
use super::text::Text;
use super::{Pages, ROOT, session};
use crate::app::accounts::{self, DEMO_ACCOUNTS, DEMO_PASSWORD};
use crate::app::clock;
use crate::app::i18n;
use crate::http::auth::PageSession;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/sign-in", get(ask).post(let_in)).route("/ui/sign-out", post(let_out))
}

#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
struct SignInPage<'a> {
    text: Text,
    theme: Theme,
    /// The page to open afterwards.
    next: &'a str,
    next_escaped: String,
    email: &'a str,
    refused: Option<&'a Refused>,
    /// The accounts of the demo: e-mail and role.
    demo: Vec<(&'static str, String)>,
    password: &'static str,
    /// Whether the reader has just changed the password.
    changed: bool,
    /// The fields of a form that came when the session had ended.
    unsent: Vec<(String, String)>,
}

impl<'a> SignInPage<'a> {
    fn new(pages: &Pages, preferences: Preferences, next: &'a str) -> Self {
        let text = Text { language: i18n::current(), zone: Tz::UTC };
        let demo = DEMO_ACCOUNTS.iter().filter(|(_, role)| *role != Role::Service);
        let demo = demo.map(|(email, role)| (*email, text.say_of("role", role.name())));
        let demo = if pages.0.state.demo { demo.collect() } else { vec![] };
        let next_escaped = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let theme = preferences.theme;
        Self {
            text,
            theme,
            next,
            next_escaped,
            email: "",
            refused: None,
            demo,
            password: DEMO_PASSWORD,
            changed: false,
            unsent: vec![],
        }
    }
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
    #[serde(default)]
    done: String,
}

async fn ask(State(pages): State<Pages>, Query(Next { next, done }): Query<Next>, headers: HeaderMap) -> Response {
    let page = SignInPage::new(&pages, Preferences::of(&headers), local(&next));
    page_with(StatusCode::OK, &SignInPage { changed: done == "password", ..page })
}

/// What is shown when a form comes after its session has ended.
pub(super) fn before_sending_again(pages: &Pages, headers: &HeaderMap, unsent: &Unsent) -> Response {
    let page = SignInPage::new(pages, Preferences::of(headers), ROOT);
    page_with(StatusCode::UNAUTHORIZED, &SignInPage { unsent: unsent.fields_to_carry(), ..page })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tokens {
    pub(super) access_token: String,
}

/// Logs in through the API.
pub(super) async fn log_in(api: &Client, email: &str, password: &str) -> Result<Tokens, Refused> {
    let change = Change { body: Some(json!({"email": email, "password": password})), ..Change::default() };
    api.change(Method::POST, "/auth/login", change).await.map(|answer| answer.body)
}

async fn let_in(State(pages): State<Pages>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let preferences = Preferences::of(&parts.headers);
    let api = Client::new(&pages, None, &parts);
    let form = form::read(Request::from_parts(parts.clone(), body)).await?;
    let unsent = Unsent::carried(&form);
    let (email, next) = (form.text("email").unwrap_or_default(), local(form.raw("next")));
    let tokens = match log_in(&api, email, form.raw("password")).await {
        Ok(tokens) => tokens,
        Err(refused) if matches!(refused.status, 400 | 401 | 429) => {
            let page = SignInPage::new(&pages, preferences, next);
            let unsent = unsent.map_or(vec![], |unsent| unsent.fields_to_carry());
            let page = SignInPage { email, refused: Some(&refused), unsent, ..page };
            return Ok(page_with(StatusCode::from_u16(refused.status).unwrap_or(StatusCode::UNAUTHORIZED), &page));
        }
        Err(refused) => return Err(refused.into()),
    };
    let then = match &unsent {
        None => see_other(next),
        Some(unsent) => {
            let log_in = pages.0.state.keys.verify(&tokens.access_token)?.family;
            let text = Text { language: i18n::current(), zone: Tz::UTC };
            let token = form::token_of(&pages, log_in);
            page(&SendAgainPage { text, theme: preferences.theme, unsent, token, email })
        }
    };
    begun(&pages, &tokens.access_token, preferences, then).await
}

/// Adds a session, made from a log-in, to a response.
pub(super) async fn begun(
    pages: &Pages,
    access_token: &str,
    preferences: Preferences,
    mut response: Response,
) -> Result<Response, Failure> {
    let state = &pages.0.state;
    let (token, member) = PageSession::begin(access_token, state).await?;
    let secure = state.secure_cookie;
    let headers = response.headers_mut();
    headers.extend(session::begin(&token, secure).map(|cookie| (header::SET_COOKIE, cookie)));
    if preferences.zone.is_none() {
        let zone = zone_of(pages, member).await;
        let remembered = Preferences { zone, ..preferences }.cookie(secure);
        if let Some(cookie) = remembered {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

/// The time zone of the account, which is the default of the pages.
async fn zone_of(pages: &Pages, member: domain::id::MemberId) -> Option<Tz> {
    let account = accounts::find(&pages.0.state.pool, member).await.ok()??;
    Tz::from_str(&account.time_zone).ok()
}

async fn let_out(Posted { visit, .. }: Posted) -> Result<Response, Failure> {
    let state = &visit.pages.0.state;
    accounts::end_family(&state.sign_in(), visit.session.log_in, clock::now()).await?;
    let mut response = see_other("/ui/sign-in").into_response();
    response.headers_mut().extend(session::end(state.secure_cookie).map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}
