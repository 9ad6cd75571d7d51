//! Limits concurrent requests. One more is refused as overloaded instead of queued. Health checks are always answered.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::route_limits::RouteLimits;
use crate::app::problem::{Code, Problem};

/// The permits.
#[derive(Clone)]
pub(in crate::http) struct InFlight(Arc<Semaphore>);

impl InFlight {
    pub(in crate::http) fn new(requests: usize) -> Self {
        Self(Arc::new(Semaphore::new(requests)))
    }
}

/// Passes a request on while there is a place for it.
pub(in crate::http) async fn layer<F>(
    InFlight(places): &InFlight,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    if RouteLimits::of(request.extensions()).is_health {
        return next(request).await;
    }
    let Ok(_place) = places.try_acquire() else { return Problem::new(Code::Overloaded).into_response() };
    next(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::extract::State;
    use axum::http::{StatusCode, header};
    use axum::middleware::{Next, from_fn_with_state};
    use axum::routing::get;
    use tokio::sync::Notify;
    use tower::ServiceExt as _;

    async fn limited(State(places): State<InFlight>, request: Request, next: Next) -> Response {
        layer(&places, request, |request| next.run(request)).await
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "routes of a test are in no document")]
    async fn one_too_many_is_told_to_come_back_and_health_is_answered() {
        let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (begun, end) = (begun.clone(), end.clone());
            get(move || async move {
                begun.notify_one();
                end.notified().await;
            })
        };
        let router = Router::new()
            .route("/slow", slow)
            .route("/health/live", get(async || "live"))
            .layer(from_fn_with_state(InFlight::new(1), limited));
        let ask = |path: &str| {
            let route = RouteLimits { is_health: path == "/health/live", ..Default::default() };
            router.clone().oneshot(Request::builder().uri(path).extension(route).body(Body::empty()).unwrap())
        };
        let first = tokio::spawn(ask("/slow"));
        begun.notified().await;
        let second = ask("/slow").await.unwrap();
        assert_eq!(second.extensions().get::<Problem>().map(Problem::code), Some(Code::Overloaded));
        assert!(
            second
                .extensions()
                .get::<Problem>()
                .unwrap()
                .render(uuid::Uuid::nil())
                .headers()
                .contains_key(header::RETRY_AFTER)
        );
        assert_eq!(ask("/health/live").await.unwrap().status(), StatusCode::OK);
        end.notify_one();
        assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::OK);
        end.notify_one();
        assert_eq!(ask("/slow").await.unwrap().status(), StatusCode::OK, "the place is free again");
    }
}
