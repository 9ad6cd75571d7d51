//! The assets of the pages: one style sheet, one script module, one icon. They are compiled into the program and served
//! under a name that contains their digest, so that browsers can cache them for ever and never use an old one.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use super::Pages;
use super::failure::Failure;
use crate::app::problem::Code;

const CSS: &str = include_str!("assets/ui.css");
const JS: &str = include_str!("assets/ui.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Cacheable for ever: changed content has another name.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

static CSS_PATH: LazyLock<String> = LazyLock::new(|| path("ui", CSS, "css"));
static ICON_PATH: LazyLock<String> = LazyLock::new(|| path("icon", ICON, "svg"));
static JS_PATH: LazyLock<String> = LazyLock::new(|| path("ui", JS, "js"));

fn path(name: &str, content: &str, end: &str) -> String {
    let digest = hex::encode(Sha256::digest(content.as_bytes()));
    format!("/ui/assets/{name}.{}.{end}", &digest[..12])
}

/// The path of the style sheet.
pub(super) fn css() -> &'static str {
    &CSS_PATH
}

/// The path of the icon.
pub(super) fn icon() -> &'static str {
    &ICON_PATH
}

/// The path of the script module.
pub(super) fn js() -> &'static str {
    &JS_PATH
}

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>) -> Result<Response, Failure> {
    let path = format!("/ui/assets/{name}");
    let (media, content) = match path.as_str() {
        path if path == css() => ("text/css; charset=utf-8", CSS),
        path if path == js() => ("text/javascript; charset=utf-8", JS),
        path if path == icon() => ("image/svg+xml", ICON),
        _ => return Err(Failure::of(Code::NotFound)),
    };
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(media)), (header::CACHE_CONTROL, FOR_EVER)];
    Ok((headers, content).into_response())
}
