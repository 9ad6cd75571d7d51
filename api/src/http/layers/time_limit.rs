//! How long a request may take. What folds the whole log takes as long as the log is: such routes are few, take their
//! turns (`routes::audit`), and have a limit of their own.

use std::time::Duration;

use axum::http::{Method, Uri};

/// All of these ask for their turn before they begin, and one at a time has it.
const WHOLE_LOG_ROUTES: [&str; 2] = ["/audit/re-evaluations", "/events/backtest"];

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Limits {
    /// Of any request.
    pub(in crate::http) request: Duration,
    /// Of one that folds the whole log: hundreds of millions of events.
    pub(in crate::http) whole_log: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), whole_log: Duration::from_secs(30 * 60) }
    }
}

impl Limits {
    pub(in crate::http) fn of(self, method: &Method, uri: &Uri) -> Duration {
        let folds = method == Method::POST && WHOLE_LOG_ROUTES.contains(&uri.path());
        if folds { self.whole_log } else { self.request }
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
        let of = |method, path| limits.of(&method, &Uri::from_static(path));
        assert_eq!(of(Method::POST, "/audit/re-evaluations"), limits.whole_log);
        assert_eq!(of(Method::POST, "/events/backtest?x=1"), limits.whole_log);
        for path in ["/events", "/audit/verification", "/events/backtest/"] {
            assert_eq!(of(Method::POST, path), limits.request);
        }
        assert_eq!(of(Method::GET, "/audit/re-evaluations"), limits.request);
    }
}
