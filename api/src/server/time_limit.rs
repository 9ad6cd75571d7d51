//! How long a request may take. What folds the whole log takes as long as the log is: such routes are few, take their
//! turns (`routes::audit`), and have a limit of their own.

use std::time::Duration;

use axum::http::{Method, Uri};

/// Any request.
const REQUEST: Duration = Duration::from_secs(30);
/// One that folds the whole log: hundreds of millions of events.
const WHOLE_LOG: Duration = Duration::from_secs(30 * 60);
/// All of these ask for their turn before they begin, and one at a time has it.
const WHOLE_LOG_ROUTES: [&str; 2] = ["/audit/re-evaluations", "/events/backtest"];

pub(super) fn of(method: &Method, uri: &Uri) -> Duration {
    let folds = method == Method::POST && WHOLE_LOG_ROUTES.contains(&uri.path());
    if folds { WHOLE_LOG } else { REQUEST }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_folds_the_whole_log_has_more_time() {
        let of = |method, path| of(&method, &Uri::from_static(path));
        assert_eq!(of(Method::POST, "/audit/re-evaluations"), WHOLE_LOG);
        assert_eq!(of(Method::POST, "/events/backtest?x=1"), WHOLE_LOG);
        for path in ["/events", "/audit/verification", "/events/backtest/"] {
            assert_eq!(of(Method::POST, path), REQUEST);
        }
        assert_eq!(of(Method::GET, "/audit/re-evaluations"), REQUEST);
    }
}
