//! `/docs`: the document for people, with a form for every operation. All its parts come from this
//! service, so that it works without any other network and under a policy that forbids inline scripts.

use std::sync::LazyLock;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use aide::swagger::Swagger;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::input::fields::Nothing;
use crate::http::input::extract::Query;
use crate::http::state::AppState;

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `aide` brings Swagger UI as one page with everything inline; here are its parts.
static PARTS: LazyLock<Parts> = LazyLock::new(|| Parts::of(&Swagger::new("/openapi.json").html()));

struct Parts {
    style: String,
    script: String,
}

impl Parts {
    fn of(page: &str) -> Self {
        let between = |from: &str, to: &str| {
            let part = page.split_once(from).and_then(|(_, rest)| rest.split_once(to));
            part.map(|(part, _)| part.to_owned()).unwrap_or_default()
        };
        Self { style: between("<style>", "</style>"), script: between("<script>", "</script>") }
    }
}

/// The page and its parts: not operations of the API, so not in the document.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/docs", get_with(page, |op| op.hidden(true)))
        .api_route("/docs/start.js", get_with(start, |op| op.hidden(true)))
        .api_route("/docs/swagger-ui.js", get_with(script, |op| op.hidden(true)))
        .api_route("/docs/swagger-ui.css", get_with(style, |op| op.hidden(true)))
}

async fn page(_: Query<Nothing>) -> Response {
    let policy: [(HeaderName, HeaderValue); 1] = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))];
    (policy, part("text/html; charset=utf-8", include_str!("docs/page.html"))).into_response()
}

async fn start(_: Query<Nothing>) -> Response {
    part("text/javascript; charset=utf-8", include_str!("docs/start.js"))
}

async fn script(_: Query<Nothing>) -> Response {
    part("text/javascript; charset=utf-8", &PARTS.script)
}

async fn style(_: Query<Nothing>) -> Response {
    part("text/css; charset=utf-8", &PARTS.style)
}

fn part(media: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, media)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_page_are_found() {
        assert!(PARTS.script.contains("SwaggerUIBundle") && PARTS.script.len() > 1_000_000);
        assert!(PARTS.style.contains(".swagger-ui") && PARTS.style.len() > 100_000);
    }
}
