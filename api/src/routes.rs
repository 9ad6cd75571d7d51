//! All routes, by the first part of their path, and what lists have in common.

mod activities;
pub(crate) mod audit;
mod auth;
pub(crate) mod backtest;
mod claims;
mod conditions;
mod dashboard;
mod events;
pub(crate) mod health;
mod lists;
mod problems;
mod progress;
mod referrals;
mod reward_requests;
mod rewards;
mod schemas;
mod streaks;

use aide::axum::ApiRouter;

use crate::openapi;
use crate::state::AppState;

/// Every route of the service.
pub fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(auth::router())
        .merge(events::router())
        .merge(conditions::router())
        .merge(rewards::router())
        .merge(progress::router())
        .merge(claims::router())
        .merge(reward_requests::router())
        .merge(activities::router())
        .merge(referrals::router())
        .merge(streaks::router())
        .merge(dashboard::router())
        .merge(audit::router())
        .merge(schemas::router())
        .merge(backtest::router())
        .merge(problems::router())
        .merge(health::router())
        .merge(openapi::router())
}
