//! What surrounds every route: the id of the request, its time limit, a net for panics, what browsers are
//! told, and the one place where a problem becomes a document. It knows no route.
//!
//! All of it is one layer that calls functions. A layer of axum copies the service inside it for every request, with all
//! the layers that this one has inside, so that each further layer would cost more than the one before.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aide::axum::ApiRouter;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use futures::FutureExt;
use uuid::Uuid;

use crate::app::i18n::{Language, current, phrases, speaking, while_speaking};
use crate::app::problem::{Code, Problem};
use crate::http::idempotency;
use crate::http::layers::rate_limits;
use crate::http::openapi;
use crate::http::request_id::{RequestId, X_REQUEST_ID};
use crate::http::state::AppState;

use crate::http::layers::arrival::{self, Room};
use crate::http::layers::in_flight::{self, InFlight};
use crate::http::layers::route_limits::{LimitsOfRoutes, RouteLimits};
use crate::http::layers::time_limit::Limits;
use crate::http::layers::{cors, coupon_codes, headers};

pub use crate::http::connections::ConnectionLimits;
pub use crate::http::listen::listen;

/// How many requests are answered at once: as many commands as the log lets wait.
const REQUESTS_IN_FLIGHT: usize = 4_096;

/// The routes of the API, and the layers around them and around everything else that is served.
pub struct Service {
    /// The API without its layers.
    routes: Router,
    limits_of_routes: LimitsOfRoutes,
    state: AppState,
    in_flight: InFlight,
    room: Room,
    origins: Vec<HeaderValue>,
}

/// What surrounds one router.
struct Layers {
    limits: Limits,
    limits_of_routes: LimitsOfRoutes,
    state: AppState,
    in_flight: InFlight,
    room: Room,
    /// Whether requests may carry an idempotency key; the API alone takes them.
    takes_keys: bool,
    /// Whether browsers are told here how to treat the answer; behind CORS, that is done around both.
    protects: bool,
}

impl Service {
    /// Builds both from the routes of the API.
    #[must_use]
    pub fn new(routes: fn() -> ApiRouter<AppState>, state: AppState, origins: Vec<HeaderValue>) -> Self {
        let (routes, document, limits_of_routes) = openapi::described(routes);
        let routes = routes
            .layer(Extension(document))
            .fallback(nothing_here)
            .method_not_allowed_fallback(other_method)
            .with_state(state.clone());
        let in_flight = InFlight::new(REQUESTS_IN_FLIGHT);
        Self { routes, limits_of_routes, state, in_flight, room: Room::default(), origins }
    }

    /// The API for callers within this process, who are already authenticated and charged.
    pub fn inside(&self) -> Router {
        let keyed = |State(state): State<AppState>, request: Request, next: Next| async move {
            with_answers_kept(&state, request, next).await
        };
        self.routes.clone().layer(from_fn_with_state(self.state.clone(), keyed))
    }

    /// The API for the network.
    pub fn api(&self) -> Router {
        let layers = Layers { takes_keys: true, ..self.layers(self.limits_of_routes.clone()) };
        if self.origins.is_empty() {
            return layers.around(self.routes.clone());
        }
        // a browser's question is answered before anything else looks at it, and our own answers to it are protected too
        let router = Layers { protects: false, ..layers }.around(self.routes.clone()).layer(cors::layer(&self.origins));
        let behind_https = self.state.secure_cookie;
        router.layer(from_fn(move |request: Request, next: Next| async move {
            protect(behind_https, request, |request| next.run(request)).await
        }))
    }

    /// Adds what is served beside the API, with the same limits and without CORS.
    pub fn beside(&self, router: Router, limits: LimitsOfRoutes) -> Router {
        self.layers(limits).around(router)
    }

    fn layers(&self, limits_of_routes: LimitsOfRoutes) -> Layers {
        Layers {
            limits: Limits::default(),
            limits_of_routes,
            state: self.state.clone(),
            in_flight: self.in_flight.clone(),
            room: self.room.clone(),
            takes_keys: false,
            protects: true,
        }
    }
}

/// Answers a request that may have a key. Codes are filled in outside of what stores answers, so that no stored one has any.
async fn with_answers_kept(state: &AppState, request: Request, next: Next) -> Response {
    coupon_codes::layer(state, request, |request| idempotency::layer(state, request, |request| next.run(request))).await
}

impl Layers {
    fn around(self, router: Router) -> Router {
        router.layer(from_fn_with_state(Arc::new(self), |State(layers): State<Arc<Self>>, request, next| async move {
            layers.answer(request, next).await
        }))
    }

    async fn answer(&self, request: Request, next: Next) -> Response {
        if !self.protects {
            return self.surround(request, next).await;
        }
        protect(self.state.secure_cookie, request, |request| self.surround(request, next)).await
    }

    async fn surround(&self, request: Request, next: Next) -> Response {
        surround(self.limits, &self.limits_of_routes, request, |request| self.charge(request, next)).await
    }

    /// From the outside in: charges the caller, reads the body, and only then takes a place, so that no place waits for a
    /// slow client.
    async fn charge(&self, request: Request, next: Next) -> Response {
        rate_limits::layer(&self.state, request, |request| {
            arrival::layer(&self.room, request, |request| {
                in_flight::layer(&self.in_flight, request, |request| self.keyed(request, next))
            })
        })
        .await
    }

    async fn keyed(&self, request: Request, next: Next) -> Response {
        if !self.takes_keys {
            return next.run(request).await;
        }
        with_answers_kept(&self.state, request, next).await
    }
}

/// Tells browsers how to treat the answer.
async fn protect<F>(behind_https: bool, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let is_personal = headers::is_personal(&request);
    let mut response = next(request).await;
    headers::protect(&mut response, is_personal, behind_https);
    response
}

async fn nothing_here() -> Problem {
    Problem::new(Code::NotFound)
}

/// `Allow` is added to either by the router.
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::new(Code::MethodNotAllowed).into_response()
}

async fn surround<F>(
    limits: Limits,
    routes: &LimitsOfRoutes,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let id = RequestId::from_headers(&request);
    let route = routes.of(&request);
    request.extensions_mut().insert(id);
    // an ordinary route, such as that of a claim, costs nothing
    if route != RouteLimits::default() {
        request.extensions_mut().insert(route);
    }
    let (method, path) = (request.method().clone(), request.uri().clone());
    let language = Language::preferred(request.headers());
    let limit = limits.of(route);
    let answering = tokio::time::timeout(limit, speaking(language, next(request)));
    let answered = AssertUnwindSafe(answering).catch_unwind().await;
    let response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Problem::new(Code::Unavailable).detail(phrases::took_too_long()).into_response(),
        // the panic itself was reported by the hook, with its place
        Err(_) => Problem::internal("panic", &"a handler panicked").into_response(),
    };
    let mut response = while_speaking(language, || documented(response, id.0));
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-language"));
    if let Ok(value) = HeaderValue::try_from(id.0.to_string()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    log(&method, &path, response.status(), id);
    response
}

/// Writes the document of a problem; what else a layer has put on the response (`Allow`, `RateLimit`) stays. Whatever
/// is JSON says which language it speaks.
pub(crate) fn documented(mut response: Response, request: Uuid) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let said = std::mem::take(response.headers_mut());
        response = problem.render(request);
        for (name, value) in &said {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
    }
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().ends_with(b"json"));
    if is_json && !response.headers().contains_key(header::CONTENT_LANGUAGE) {
        response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(current().tag()));
    }
    response
}

/// One line for each refusal and failure; never a query, a body or a token.
fn log(method: &Method, uri: &Uri, status: StatusCode, id: RequestId) {
    let path = uri.path();
    if status.is_server_error() {
        tracing::warn!(%method, path, status = status.as_u16(), request.id = %id.0, "request failed");
    } else {
        tracing::debug!(%method, path, status = status.as_u16(), request.id = %id.0, "request completed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::layers::route_limits::Limit;
    use axum::body::Body;
    use axum::routing::{get, post};
    use serde_json::Value;
    use std::time::Duration;
    use tower::ServiceExt as _;

    async fn surrounded(
        State((limits, routes)): State<(Limits, LimitsOfRoutes)>,
        request: Request,
        next: Next,
    ) -> Response {
        surround(limits, &routes, request, |request| next.run(request)).await
    }

    async fn broken() -> StatusCode {
        panic!("a secret")
    }

    async fn asked(method: Method, path: &str) -> (Response, Value) {
        asked_within(Limits::default(), method, path).await
    }

    #[expect(clippy::disallowed_methods, reason = "it is no route of the service")]
    async fn asked_within(limits: Limits, method: Method, path: &str) -> (Response, Value) {
        let never = std::future::pending::<StatusCode>;
        let later = async || {
            tokio::time::sleep(Duration::from_millis(20)).await;
            StatusCode::CREATED
        };
        let bulk = ("/audit/re-evaluations".to_owned(), Method::POST, vec![Limit::WholeLog]);
        let routes = LimitsOfRoutes::new([bulk]);
        let router = Router::new()
            .route("/broken", get(broken))
            .route("/never", post(never))
            .route("/audit/re-evaluations", if limits.whole_log.is_zero() { post(never) } else { post(later) })
            .fallback(nothing_here)
            .method_not_allowed_fallback(other_method)
            .layer(from_fn_with_state((limits, routes), surrounded));
        let id = "0190a0a0-0000-7000-8000-000000000000";
        let request = Request::builder().method(method).uri(path).header(X_REQUEST_ID, id).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.headers()[X_REQUEST_ID], id);
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        (Response::from_parts(parts, Body::empty()), serde_json::from_slice(&bytes).unwrap_or_default())
    }

    #[tokio::test]
    async fn what_takes_too_long_is_ended_and_what_folds_the_whole_log_has_its_own_limit() {
        let (none, ages) = (Duration::ZERO, Duration::from_secs(3_600));
        let bulk = "/audit/re-evaluations";
        for (request, whole_log, path, status) in
            [(none, ages, "/never", 503), (none, ages, bulk, 201), (ages, none, bulk, 503)]
        {
            let (response, body) = asked_within(Limits { request, whole_log }, Method::POST, path).await;
            assert_eq!(response.status(), status, "{path}: {body}");
            assert!(status == 201 || body["code"] == "unavailable", "{path}: {body}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_answered_without_its_words() {
        let (response, body) = asked(Method::GET, "/broken").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["code"], "internal");
        assert!(!body.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn an_unknown_path_and_an_unknown_method_are_documents() {
        assert_eq!(asked(Method::GET, "/nothing").await.1["code"], "not_found");
        let (response, body) = asked(Method::POST, "/broken").await;
        assert_eq!(body["code"], "method_not_allowed");
        assert!(response.headers()[header::ALLOW].to_str().unwrap().contains("GET"));
    }
}
