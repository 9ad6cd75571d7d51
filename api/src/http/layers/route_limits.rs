//! What a route asks of the layers around it. It says so where it is declared, beside its description
//! (`Describe::limits`); the layers find it with the request and compare no paths. An ordinary route says
//! that it asks for nothing: what is no GET and says nothing fails a test.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::{Extensions, Method};
use serde::{Deserialize, Serialize};

/// One way in which a route is not ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Limit {
    /// It folds the whole log: it takes its turn and has more time.
    WholeLog,
    /// It is answered however busy the service is, and never counted.
    Health,
    /// It is counted as a log-in of the address.
    LogIn,
    /// It is counted as a sign-up of the address.
    SignUp,
    /// It appends nothing although it is no GET, or must stay possible: to log out, to change a password, to be erased.
    AppendsNothing,
    /// Its body may be large, from somebody who may report facts.
    LargeBody,
}

/// Whom no credential makes anybody else: counted by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newcomer {
    /// Logs in.
    LogIn,
    /// Signs up.
    SignUp,
}

/// All of them for one route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RouteLimits {
    /// It has the time that the whole log takes.
    pub whole_log: bool,
    /// It is always answered.
    pub is_health: bool,
    /// How its sender is counted instead of by credential.
    pub newcomer: Option<Newcomer>,
    /// It may be asked by those who may append no more.
    pub appends_nothing: bool,
    /// Its body may be large.
    pub large_body: bool,
}

impl RouteLimits {
    /// Those of the request that is being answered.
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

/// The limits of all routes that have said theirs, by path and method.
#[derive(Debug, Clone, Default)]
pub struct LimitsOfRoutes(Arc<HashMap<String, Vec<(Method, RouteLimits)>>>);

impl LimitsOfRoutes {
    /// From what the routes said.
    #[must_use]
    pub fn new(said: impl IntoIterator<Item = (String, Method, Vec<Limit>)>) -> Self {
        let mut of_path: HashMap<String, Vec<_>> = HashMap::new();
        for (path, method, limits) in said {
            of_path.entry(path).or_default().push((method, RouteLimits::from_list(&limits)));
        }
        Self(Arc::new(of_path))
    }

    /// Those of the route that a request was matched to.
    #[must_use]
    pub fn of(&self, request: &Request) -> RouteLimits {
        let Some(path) = request.extensions().get::<MatchedPath>() else { return RouteLimits::default() };
        self.of_route(request.method(), path.as_str())
    }

    /// Those of a route. HEAD is answered by GET.
    #[must_use]
    pub fn of_route(&self, method: &Method, path: &str) -> RouteLimits {
        let Some(methods) = self.0.get(path) else { return RouteLimits::default() };
        let method = if method == Method::HEAD { &Method::GET } else { method };
        methods.iter().find(|(of, _)| of == method).map(|(_, limits)| *limits).unwrap_or_default()
    }

    /// All of them, in order.
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
