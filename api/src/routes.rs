//! All routes, by the first part of their path.

mod health;
mod problems;

use axum::Router;

use crate::state::AppState;

/// Every route of the service.
pub fn router() -> Router<AppState> {
    Router::new().merge(health::router()).merge(problems::router())
}
