//! `/problems`: what every code means. The `type` of a problem document points here.

use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use crate::extract::{PathText, Query};
use crate::fields::Nothing;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/problems", get(list)).route("/problems/{code}", get(one))
}

async fn list(_: Query<Nothing>) -> Json<Value> {
    let problems: Vec<_> = Code::ALL.iter().copied().map(Description::from).collect();
    Json(json!({"problems": problems}))
}

async fn one(PathText(code): PathText, _: Query<Nothing>) -> Result<Json<Description>, Problem> {
    let code = Code::from_name(&code).ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Json(code.into()))
}

#[derive(Debug, Serialize)]
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
