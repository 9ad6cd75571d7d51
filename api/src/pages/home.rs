//! Redirects `/` and `/ui/` to the start page of whoever is signed in.

use axum::Router;
use axum::response::Response;
use axum::routing::get;

use super::Pages;
use super::response::see_other;
use super::visit::{STAFF, Visit};

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/", get(start)).route("/ui/", get(start))
}

/// Members start at `/ui/me`, staff at `/ui`.
async fn start(visit: Visit) -> Response {
    see_other(if visit.is_one_of(STAFF) { "/ui" } else { "/ui/me" })
}
