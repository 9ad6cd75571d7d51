//! `/problems`: what every code means. The `type` of a problem document points here.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::fields::Nothing;
use crate::app::problem::{Code, Problem};
use crate::http::input::extract::{PathText, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/problems", get_with(list, |op| op.named("listProblems", "All problem codes")))
        .api_route("/problems/{code}", get_with(one, |op| op.named("getProblem", "One problem code")))
}

async fn list(_: Query<Nothing>) -> Json<Problems> {
    Json(Problems { problems: Code::ALL.iter().copied().map(Description::from).collect() })
}

#[derive(Debug, Serialize, JsonSchema)]
struct Problems {
    problems: Vec<Description>,
}

async fn one(PathText(code): PathText, _: Query<Nothing>) -> Result<Json<Description>, Problem> {
    let code = Code::from_name(&code).ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Json(code.into()))
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DescribedProblem")]
struct Description {
    #[serde(rename = "type")]
    link: String,
    code: &'static str,
    status: u16,
    title: String,
    description: String,
    remedy: String,
}

impl From<Code> for Description {
    fn from(code: Code) -> Self {
        Self {
            link: code.link(),
            code: code.name(),
            status: code.status().as_u16(),
            title: code.title(),
            description: code.about(),
            remedy: code.remedy(),
        }
    }
}
