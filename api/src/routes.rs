//! All routes, by the first part of their path, and what lists have in common.

mod activities;
pub(crate) mod audit;
mod auth;
mod claims;
mod conditions;
mod dashboard;
pub(crate) mod events;
pub(crate) mod health;
mod lists;
mod problems;
mod referrals;
mod schemas;
mod streaks;

use aide::axum::ApiRouter;

use crate::http::openapi;
use crate::http::state::AppState;

/// Every route of the service.
pub fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(auth::router())
        .merge(events::router())
        .merge(events::rewards::router())
        .merge(events::progress::router())
        .merge(events::request_reward::router())
        .merge(events::backtest::router())
        .merge(conditions::router())
        .merge(claims::router())
        .merge(activities::router())
        .merge(referrals::router())
        .merge(streaks::router())
        .merge(dashboard::router())
        .merge(audit::router())
        .merge(schemas::router())
        .merge(problems::router())
        .merge(health::router())
        .merge(openapi::router())
}
