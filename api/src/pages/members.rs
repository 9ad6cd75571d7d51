//! `/ui/members`: finds a member by id, or by e-mail for operators, and lists the newest accounts for readers who may
//! see them.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use domain::Moment;
use serde::Deserialize;

use super::Pages;
use super::claim::id_of;
use super::client::Refused;
use super::failure::Failure;
use super::moment::Shown;
use super::response::{page, see_other};
use super::shell::{Place, Shell};
use super::short_id::ShortId;
use super::text::say;
use super::visit::{OPERATORS, STAFF, Visit};

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/members", get(members))
}

#[derive(Deserialize)]
struct OneUser {
    user: Account,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    users: Vec<Account>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    id: String,
    email: Option<String>,
    nickname: Option<String>,
    time_zone: String,
    blocked: bool,
    created_at: Moment,
}

#[derive(Deserialize)]
struct Figures {
    members: Members,
}

#[derive(Deserialize)]
struct Members {
    total: i64,
    active: i64,
}

#[derive(Template)]
#[template(path = "members/members.html")]
struct MembersPage {
    shell: Shell,
    lead: String,
    asked: String,
    by_email: bool,
    /// Why nobody was found.
    error: Option<String>,
    kept: Vec<(String, String)>,
    rows: Option<Result<Vec<Row>, Refused>>,
    next: Option<String>,
    first: Option<String>,
    /// Why the newest accounts are not listed.
    left_out: Option<String>,
}

struct Row {
    href: String,
    id: ShortId,
    name: String,
    email: String,
    zone: String,
    since: String,
    blocked: bool,
}

async fn members(visit: Visit) -> Result<Response, Failure> {
    visit.only(STAFF)?;
    let shown = Shown::of(&visit).await?;
    let text = visit.text;
    let by_email = visit.is_one_of(OPERATORS);
    let asked = visit.asked("q").unwrap_or_default().trim().to_owned();
    let error = match search(&visit, &asked, by_email).await? {
        Found::Member(id) => return Ok(see_other(&visit.to(&format!("/ui/members/{id}")))),
        Found::Nobody => Some(say!(text, "ui-members-nobody", asked = format!("\u{2068}{asked}\u{2069}"))),
        Found::NotAsked => None,
        Found::NoId => Some(text.say(if by_email { "ui-members-neither" } else { "ui-members-no-id" })),
    };
    let at = shown.at_position();
    let figures = [("atPosition", at.as_str())];
    let lists = by_email && !shown.is_then();
    let (shell, figures, list) = tokio::join!(
        Shell::staff(&visit, Place::Members, &shown),
        visit.api.get::<Figures>("/dashboard", &figures),
        async { if lists { Some(newest(&visit).await) } else { None } },
    );
    let figures = figures?.members;
    let (rows, next) = match list {
        Some(Ok(Accounts { users, next_cursor })) => {
            (Some(Ok(users.into_iter().map(|user| Row::of(&visit, user)).collect())), next_cursor)
        }
        Some(Err(refused)) if refused.status < 500 => return Err(refused.into()),
        Some(Err(refused)) => (Some(Err(refused)), None),
        None => (None, None),
    };
    let left_out = if shown.is_then() { Some("ui-members-then") } else { (!by_email).then_some("ui-members-by-id") };
    let kept = visit.query.iter().filter(|(name, _)| ["zone", "at", "vs"].contains(&name.as_str())).cloned().collect();
    Ok(page(&MembersPage {
        shell,
        lead: say!(text, "ui-members-lead", count = figures.total, active = figures.active),
        asked,
        by_email,
        error,
        kept,
        rows,
        next: next.map(|cursor| visit.link(&[("cursor", Some(&cursor))])),
        first: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
        left_out: left_out.map(|id| text.say(id)),
    }))
}

enum Found {
    NotAsked,
    Member(String),
    Nobody,
    /// Neither an id nor an e-mail that the reader may search for.
    NoId,
}

/// Only operators may search by e-mail.
async fn search(visit: &Visit, asked: &str, by_email: bool) -> Result<Found, Refused> {
    if asked.is_empty() {
        return Ok(Found::NotAsked);
    }
    if let Ok(id) = id_of(asked) {
        return Ok(Found::Member(id));
    }
    if !by_email || !asked.contains('@') {
        return Ok(Found::NoId);
    }
    match visit.api.get::<OneUser>("/auth/users/email", &[("email", asked)]).await {
        Ok(found) => Ok(Found::Member(found.user.id)),
        Err(refused) if matches!(refused.status, 400 | 404) => Ok(Found::Nobody),
        Err(refused) => Err(refused),
    }
}

async fn newest(visit: &Visit) -> Result<Accounts, Refused> {
    let mut query = vec![("role", "USER"), ("limit", "50")];
    query.extend(visit.asked("cursor").map(|cursor| ("cursor", cursor)));
    visit.api.get("/auth/users", &query).await
}

impl Row {
    fn of(visit: &Visit, user: Account) -> Self {
        let text = visit.text;
        Self {
            href: visit.to(&format!("/ui/members/{}", user.id)),
            id: ShortId::of(&user.id),
            name: user.nickname.unwrap_or_default(),
            email: user.email.unwrap_or_default(),
            zone: user.time_zone,
            since: text.day_with_year(text.day_of(user.created_at)),
            blocked: user.blocked,
        }
    }
}
