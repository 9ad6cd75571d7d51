//! `/schemas`: the shapes of published events, as `ce_dataschema` of a message names them. They are of the
//! domain; a version once served is served for ever.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::schemas;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::input::extract::{PathText, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

const MEDIA: &str = "application/schema+json";

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/schemas",
            get_with(list, |op| op.named("listSchemas", "The schemas of all versions of all events")),
        )
        .api_route(
            "/schemas/{file}",
            get_with(one, |op| {
                op.named("getSchema", "The JSON Schema of one version of an event, such as `claim.granted.v1.json`")
                    .answers::<serde_json::Map<String, serde_json::Value>>(200)
                    .named_media(200, MEDIA)
            }),
        )
}

#[derive(Debug, Serialize, JsonSchema)]
struct Schemas {
    schemas: Vec<String>,
}

async fn list(_: Query<Nothing>) -> Json<Schemas> {
    Json(Schemas { schemas: schemas::names().into_iter().map(|name| format!("/schemas/{name}")).collect() })
}

async fn one(PathText(file): PathText, _: Query<Nothing>) -> Result<Response, Problem> {
    let schema = schemas::find(&file).ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(([(header::CONTENT_TYPE, MEDIA)], schema).into_response())
}
