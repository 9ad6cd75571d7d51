//! `/activities`: facts that sources report, one by one or many at once. The rules of a report are in
//! `crate::activities`; here is only what it becomes over HTTP.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};

use crate::activities::{Outcome, RawActivity, Refusal, Reporting, record, record_batch};
use crate::callers::Reporter;
use crate::extract::Query;
use crate::fields::{Broken, Fields, FromFields, Nothing};
use crate::once::Once;
use crate::positions::{At, LEDGER_POSITION};
use crate::problem::{FieldError, Problem};
use crate::state::AppState;

/// The most activities of one batch.
const MAX_BATCH: usize = 1_000;

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/activities", post(report)).route("/activities/batch", post(report_batch))
}

/// Reports one fact.
async fn report(
    State(state): State<AppState>,
    reporter: Reporter,
    _: Query<Nothing>,
    Once(raw, key): Once<RawActivity>,
) -> Result<Response, Problem> {
    let keep = key.keep_outcomes(|outcomes| outcomes.first().cloned().map(answer));
    let reporting = Reporting { keep, ..Reporting::of(reporter.metadata()) };
    answer(record(&state.ledger, &raw, &reporting).await?)
}

fn answer(outcome: Outcome) -> Result<Response, Problem> {
    match outcome {
        Outcome::Recorded { id, position, made_member: _ } => {
            let body = json!({"id": id, "position": position});
            Ok(At(position, (StatusCode::CREATED, Json(body))).into_response())
        }
        Outcome::Duplicate { id, position } => {
            Ok(Json(json!({"id": id, "position": position, "duplicate": true})).into_response())
        }
        Outcome::Refused(refusal) => Err(refusal.into()),
    }
}

struct Batch {
    items: Vec<Result<RawActivity, Vec<FieldError>>>,
}

impl FromFields for Batch {
    const BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;

    fn read(fields: &mut Fields) -> Option<Self> {
        let items = fields.required("activities", |value| match value {
            Value::Array(items) if items.len() <= MAX_BATCH => Ok(items),
            Value::Array(_) => Err(Broken::new("length", format!("must not have more than {MAX_BATCH} items"))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(Broken::wrong_type("a list"))
            }
        });
        Some(Self { items: items?.into_iter().map(RawActivity::from_value).collect() })
    }
}

/// Reports many facts: judged in order, as if they came one after another, and written at once.
async fn report_batch(
    State(state): State<AppState>,
    reporter: Reporter,
    _: Query<Nothing>,
    Once(batch, key): Once<Batch>,
) -> Result<Response, Problem> {
    let reports: Vec<_> = batch.items.iter().flatten().cloned().collect();
    let batch = Arc::new(batch);
    let keep = {
        let batch = batch.clone();
        key.keep_outcomes(move |outcomes| Some(judged(&batch, outcomes)))
    };
    let reporting = Reporting { keep, ..Reporting::of(reporter.metadata()) };
    judged(&batch, &record_batch(&state.ledger, &reports, &reporting).await?)
}

fn judged(batch: &Batch, outcomes: &[Outcome]) -> Result<Response, Problem> {
    let mut outcomes = outcomes.iter().cloned();
    let mut position = None;
    let mut results = Vec::with_capacity(batch.items.len());
    for (index, item) in batch.items.iter().enumerate() {
        let outcome = match item {
            Ok(_) => outcomes.next().ok_or_else(|| Problem::internal("batch", &"a report has no outcome"))?,
            Err(errors) => Outcome::Refused(Refusal::Invalid(errors.clone())),
        };
        if let Outcome::Recorded { position: reached, .. } = &outcome {
            position = position.max(Some(*reached));
        }
        results.push(Judged::of(index, outcome));
    }
    let mut response = Json(json!({"results": results})).into_response();
    if let Some(position) = position {
        response.headers_mut().insert(LEDGER_POSITION, position.into());
    }
    Ok(response)
}

#[derive(Debug, Serialize)]
struct Judged {
    index: usize,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldError>>,
}

impl Judged {
    fn of(index: usize, outcome: Outcome) -> Self {
        match outcome {
            Outcome::Recorded { .. } => Self { index, status: 201, code: None, errors: None },
            Outcome::Duplicate { .. } => Self { index, status: 200, code: None, errors: None },
            Outcome::Refused(refusal) => {
                let problem = Problem::from(refusal);
                let code = problem.code();
                let errors = Some(problem.errors().to_vec()).filter(|errors| !errors.is_empty());
                Self { index, status: code.status().as_u16(), code: Some(code.name()), errors }
            }
        }
    }
}
