//! Time limits of requests. The few routes that fold the whole log have a longer one, and run a few at a time
//! (`routes::whole_log`).

use std::time::Duration;

use super::route_limits::RouteLimits;

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Limits {
    /// For ordinary requests.
    pub(in crate::http) request: Duration,
    /// For requests that fold the whole log, of up to hundreds of millions of events.
    pub(in crate::http) whole_log: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), whole_log: Duration::from_secs(30 * 60) }
    }
}

impl Limits {
    pub(in crate::http) fn of(self, route: RouteLimits) -> Duration {
        if route.whole_log { self.whole_log } else { self.request }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_folds_the_whole_log_has_more_time() {
        let limits = Limits::default();
        assert_eq!(
            (limits.request.as_secs(), limits.whole_log.as_secs()),
            (30, 1_800),
            "as docs/reference/http.md says"
        );
        assert_eq!(limits.of(RouteLimits { whole_log: true, ..Default::default() }), limits.whole_log);
        assert_eq!(limits.of(RouteLimits::default()), limits.request);
    }
}
