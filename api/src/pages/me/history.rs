//! `/ui/me/history`: all claims of a member, newest first.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::MEMBERS;
use super::asked::Claims;
use super::lately::{Line, lines};
use crate::pages::Pages;
use crate::pages::failure::Failure;
use crate::pages::response::page;
use crate::pages::shell::{Shell, Tab};
use crate::pages::visit::Visit;

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/me/history", get(history))
}

#[derive(Template)]
#[template(path = "me/history.html")]
struct HistoryPage {
    shell: Shell,
    lines: Vec<Line>,
    older: Option<String>,
    newest: Option<String>,
}

async fn history(visit: Visit) -> Result<Response, Failure> {
    visit.only(MEMBERS)?;
    let mut query = vec![("limit", "20")];
    query.extend(visit.asked("cursor").map(|cursor| ("cursor", cursor)));
    let claims: Claims = visit.api.get("/claims/me", &query).await?;
    Ok(page(&HistoryPage {
        shell: Shell::member(&visit, Tab::History),
        lines: lines(&visit, &claims.claims).await,
        older: claims.next_cursor.map(|cursor| visit.link(&[("cursor", Some(&cursor))])),
        newest: visit.asked("cursor").map(|_| visit.link(&[("cursor", None)])),
    }))
}
