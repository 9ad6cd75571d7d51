//! `/ui`: how today is, and what needs attention. Members are led to their own page.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::Pages;
use super::failure::Failure;
use super::moment::Shown;
use super::response::{page, see_other};
use super::shell::{Place, Shell};
use super::visit::{STAFF, Visit};

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui", get(overview))
}

#[derive(Template)]
#[template(path = "overview/overview.html")]
struct OverviewPage {
    shell: Shell,
    waiting: String,
}

async fn overview(visit: Visit) -> Result<Response, Failure> {
    if !visit.is_one_of(STAFF) {
        return Ok(see_other("/ui/me"));
    }
    let shown = Shown::of(&visit).await?;
    let shell = Shell::staff(&visit, Place::Overview, &shown).await;
    Ok(page(&OverviewPage { shell, waiting: visit.text.number(shown.summary.claims.pending) }))
}
