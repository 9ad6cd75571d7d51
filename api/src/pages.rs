//! The pages: the ledger in a browser, under `/ui`. Each page has a folder with its handler, its template and its texts
//! in both languages. Pages are clients of the API in the same process (`client`): they send the requests that any
//! client could send, with the rights of whoever is signed in, and contain no rule, no SQL and no number of their own.
//!
//! To add a page: a folder with `en.ftl` and `ko.ftl` (named in `text/messages.rs`), a template that extends
//! `shell/staff.html` or `shell/member.html`, a handler that takes a `visit::Visit`, and a line in `routes`.

mod adjustments;
mod approvals;
mod assets;
mod budgets;
mod charts;
mod claim;
mod claims;
mod client;
mod coupons;
mod decide;
mod editor;
mod event;
mod event_names;
mod events;
mod evidence;
mod failure;
mod form;
mod home;
mod log;
mod log_analytics;
mod me;
mod member;
mod members;
mod moment;
mod operations;
mod overview;
mod part;
mod preferences;
mod proof;
mod recent;
mod response;
mod reward;
mod rewards;
mod rule;
mod send_again;
mod session;
mod settings;
mod shell;
mod short_id;
mod sign_in;
mod sign_up;
mod stock;
mod stream;
mod text;
mod value;
mod verification;
mod visit;
mod wallet;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn;
use axum::routing::any;
use tower_http::compression::CompressionLayer;

use crate::http::layers::route_limits::{Limit, LimitsOfRoutes};
use crate::http::router::Service;
use crate::http::state::AppState;

/// The prefix of all pages.
const ROOT: &str = "/ui";

/// State that all pages share; cheap to clone.
#[derive(Clone)]
pub struct Pages(Arc<Shared>);

struct Shared {
    /// The application state: sessions, keys, whether this is a demo.
    state: AppState,
    /// The router of the API, without the layers that already surround the pages.
    api: Router,
    /// What the dashboards answered a moment ago.
    recent: Arc<recent::Recent>,
}

/// The routes of the pages, behind the same layers as the API, and `/`, which redirects to them.
pub fn router(service: &Service, state: AppState) -> Router {
    let pages = Pages(Arc::new(Shared { state, api: service.inside(), recent: Arc::default() }));
    let log_in = ("/ui/sign-in".to_owned(), Method::POST, vec![Limit::LogIn, Limit::AppendsNothing]);
    let log_out = ("/ui/sign-out".to_owned(), Method::POST, vec![Limit::AppendsNothing]);
    let sign_up = ("/ui/sign-up".to_owned(), Method::POST, vec![Limit::SignUp]);
    let password = ("/ui/settings/password".to_owned(), Method::POST, vec![Limit::AppendsNothing]);
    // a draft is tried on the whole log, as its page is made
    let tried = |path: &str, method| (path.to_owned(), method, vec![Limit::WholeLog]);
    let of_new = [Method::GET, Method::POST].map(|method| tried("/ui/events/new", method));
    let of_edit = [Method::GET, Method::POST].map(|method| tried("/ui/events/{id}/edit", method));
    let limits = [log_in, log_out, sign_up, password].into_iter().chain(of_new).chain(of_edit);
    let limits = LimitsOfRoutes::new(limits);
    let surrounded = service.beside(routes().with_state(pages), limits);
    surrounded.layer(from_fn(failure::as_page)).layer(CompressionLayer::new().gzip(true).br(true))
}

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
fn routes() -> Router<Pages> {
    Router::new()
        .merge(home::routes())
        .merge(assets::routes())
        .merge(preferences::routes())
        .merge(sign_in::routes())
        .merge(sign_up::routes())
        .merge(settings::routes())
        .merge(overview::routes())
        .merge(approvals::routes())
        .merge(claim::routes())
        .merge(members::routes())
        .merge(member::routes())
        .merge(claims::routes())
        .merge(wallet::routes())
        .merge(adjustments::routes())
        .merge(me::routes())
        .merge(coupons::routes())
        .merge(events::routes())
        .merge(event::routes())
        .merge(editor::routes())
        .merge(budgets::routes())
        .merge(rewards::routes())
        .merge(reward::routes())
        .merge(stream::routes())
        .merge(log::routes())
        .merge(verification::routes())
        .merge(operations::routes())
        .route("/ui/{*path}", any(failure::nothing_here))
        .method_not_allowed_fallback(failure::other_method)
}
