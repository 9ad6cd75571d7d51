//! All routes, by the first part of their path, and what lists have in common.

mod activities;
mod adjustments;
pub(crate) mod audit;
mod auth;
mod budget_body;
mod budgets;
mod claim_body;
mod claim_list;
mod claims;
mod codes;
mod conditions;
mod coupons;
mod dashboard;
pub(crate) mod events;
pub(crate) mod health;
mod lists;
mod member_facts;
mod members;
mod operations;
mod problems;
mod referrals;
mod schemas;
mod spends;
mod streaks;
mod transfers;
mod units;
mod wallets;
mod whole_log;

use aide::axum::ApiRouter;

use crate::http::openapi;
use crate::http::state::AppState;

/// Every route of the service.
pub fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .merge(auth::router())
        .merge(events::router())
        .merge(events::rewards::router())
        .merge(codes::router())
        .merge(coupons::router())
        .merge(events::progress::router())
        .merge(events::request_reward::router())
        .merge(events::backtest::router())
        .merge(conditions::router())
        .merge(claims::router())
        .merge(budgets::router())
        .merge(activities::router())
        .merge(referrals::router())
        .merge(streaks::router())
        .merge(members::router())
        .merge(units::router())
        .merge(spends::router())
        .merge(wallets::router())
        .merge(adjustments::router())
        .merge(transfers::router())
        .merge(dashboard::router())
        .merge(audit::router())
        .merge(operations::router())
        .merge(schemas::router())
        .merge(problems::router())
        .merge(health::router())
        .merge(openapi::router())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::layers::route_limits::{Newcomer, RouteLimits};

    #[test]
    fn the_routes_that_are_not_ordinary_for_the_layers_are_these() {
        let (_, document, limits) = openapi::described(router);
        let ordinary = RouteLimits::default();
        let quiet = RouteLimits { appends_nothing: true, ..ordinary };
        let folds = RouteLimits { whole_log: true, ..quiet };
        let health = RouteLimits { is_health: true, ..ordinary };
        let signs_up = RouteLimits { newcomer: Some(Newcomer::SignUp), ..ordinary };
        let found = limits.all();
        let found: Vec<_> = found
            .iter()
            .map(|(path, method, limits)| (path.as_str(), method.as_str(), *limits))
            .filter(|(.., limits)| *limits != ordinary)
            .collect();
        let wanted = [
            ("/activities/batch", "POST", RouteLimits { large_body: true, ..ordinary }),
            ("/audit/re-evaluations", "POST", folds),
            ("/audit/verification", "POST", quiet),
            ("/auth/login", "POST", RouteLimits { newcomer: Some(Newcomer::LogIn), ..quiet }),
            ("/auth/logout", "POST", quiet),
            ("/auth/me", "DELETE", quiet),
            ("/auth/password", "PATCH", quiet),
            ("/auth/refresh", "POST", quiet),
            ("/auth/signup", "POST", signs_up),
            ("/auth/users", "POST", signs_up),
            ("/conditions/check", "POST", quiet),
            ("/coupons/validate", "POST", quiet),
            ("/events/backtest", "POST", folds),
            ("/health/live", "GET", health),
            ("/health/ready", "GET", health),
            ("/operations/dead-letters/retry", "POST", quiet),
            ("/operations/projections/{name}/retry", "POST", quiet),
            ("/operations/projections/{name}/skip", "POST", quiet),
            ("/rewards/{id}/codes", "POST", RouteLimits { large_body: true, ..ordinary }),
        ];
        assert_eq!(found, wanted);
        assert!(!String::from_utf8_lossy(document.as_bytes()).contains("x-limits"), "it is no part of the document");
        let head = limits.of_route(&axum::http::Method::HEAD, "/health/live");
        assert_eq!((head, limits.of_route(&axum::http::Method::GET, "/auth/me")), (health, ordinary));
    }

    /// What is not said would be held to limits that nobody has thought of.
    #[test]
    fn every_operation_that_is_no_get_says_what_it_asks_of_the_layers() {
        let (_, document, limits) = openapi::described(router);
        let document: serde_json::Value = serde_json::from_slice(document.as_bytes()).unwrap();
        let said = limits.all();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys().filter(|method| *method != "get") {
                let says = said.iter().any(|(of, by, _)| of == path && by.as_str().eq_ignore_ascii_case(method));
                assert!(says, "{method} {path}: add `.limits(&[…])`, empty for an ordinary route");
            }
        }
    }
}
