//! The limits of a route, declared beside its description (`Describe::limits`). The layers find them with the request
//! and compare no paths. Every route that is not GET must declare its limits, an ordinary one none; a test checks this.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::{Extensions, Method};
use serde::{Deserialize, Serialize};

/// One deviation from an ordinary route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// It folds the whole log: few run at a time, with a longer time limit.
    WholeLog,
    /// A health check: always answered, never counted.
    Health,
    /// Counted as a log-in of the address.
    LogIn,
    /// Counted as a sign-up of the address.
    SignUp,
    /// It appends nothing although it is not GET, or it must stay possible without quota: logging out, changing a
    /// password, erasure.
    AppendsNothing,
    /// It accepts large bodies from callers who may report activities.
    LargeBody,
}

/// Requests that are counted by address even with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newcomer {
    /// Logs in.
    LogIn,
    /// Signs up.
    SignUp,
}

/// The limits of one route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RouteLimits {
    /// It has the longer time limit.
    pub whole_log: bool,
    /// It is always answered.
    pub is_health: bool,
    /// How it is counted instead of by credential.
    pub newcomer: Option<Newcomer>,
    /// Allowed without quota left.
    pub appends_nothing: bool,
    /// Its body may be large.
    pub large_body: bool,
}

impl RouteLimits {
    /// The limits of a request.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().copied().unwrap_or_default()
    }

    fn from_list(limits: &[Limit]) -> Self {
        let mut all = Self::default();
        for limit in limits {
            match limit {
                Limit::WholeLog => all.whole_log = true,
                Limit::Health => all.is_health = true,
                Limit::LogIn => all.newcomer = Some(Newcomer::LogIn),
                Limit::SignUp => all.newcomer = Some(Newcomer::SignUp),
                Limit::AppendsNothing => all.appends_nothing = true,
                Limit::LargeBody => all.large_body = true,
            }
        }
        all
    }
}

/// The declared limits of all routes, by path and method.
#[derive(Debug, Clone, Default)]
pub struct LimitsOfRoutes(Arc<HashMap<String, Vec<(Method, RouteLimits)>>>);

impl LimitsOfRoutes {
    /// Collects them from the routes.
    #[must_use]
    pub fn new(said: impl IntoIterator<Item = (String, Method, Vec<Limit>)>) -> Self {
        let mut of_path: HashMap<String, Vec<_>> = HashMap::new();
        for (path, method, limits) in said {
            of_path.entry(path).or_default().push((method, RouteLimits::from_list(&limits)));
        }
        Self(Arc::new(of_path))
    }

    /// The limits of the matched route.
    #[must_use]
    pub fn of(&self, request: &Request) -> RouteLimits {
        let Some(path) = request.extensions().get::<MatchedPath>() else { return RouteLimits::default() };
        self.of_route(request.method(), path.as_str())
    }

    /// The limits of a route; HEAD has those of GET.
    #[must_use]
    pub fn of_route(&self, method: &Method, path: &str) -> RouteLimits {
        let Some(methods) = self.0.get(path) else { return RouteLimits::default() };
        let method = if method == Method::HEAD { &Method::GET } else { method };
        methods.iter().find(|(of, _)| of == method).map(|(_, limits)| *limits).unwrap_or_default()
    }

    /// All limits, in order.
    #[cfg(test)]
    #[must_use]
    pub fn all(&self) -> Vec<(String, Method, RouteLimits)> {
        let one = |(path, methods): (&String, &Vec<(Method, RouteLimits)>)| {
            methods.iter().map(|(method, limits)| (path.clone(), method.clone(), *limits)).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.0.iter().flat_map(one).collect();
        all.sort_by(|a, b| (&a.0, a.1.as_str()).cmp(&(&b.0, b.1.as_str())));
        all
    }
}
