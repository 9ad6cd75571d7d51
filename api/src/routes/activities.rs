//! `/activities`: facts that sources report, one by one or many at once. The rules of a report are in
//! `crate::activities`; here is only what it becomes over HTTP.

mod void;

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::post_with;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::id::ActivityId;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::activities::{Outcome, RawActivity, Refusal, Reporting, record, record_batch};
use crate::callers::{AllowedSources, Reporter};
use crate::extract::Query;
use crate::fields::{Fields, FromFields, Nothing, readers};
use crate::once::Once;
use crate::openapi::{Created, Describe as _};
use crate::positions::{At, LEDGER_POSITION};
use crate::problem::{Code, FieldError, Problem};
use crate::state::AppState;

/// The most activities of one batch.
const MAX_BATCH: usize = 1_000;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/activities",
            post_with(report, |op| {
                op.named("reportActivity", "Reports a fact")
                    .answers::<Recorded>(201)
                    .tells_position(201)
                    .answers::<Duplicate>(200)
                    .refuses(&[
                        Code::MemberUnknown,
                        Code::ActivityConflict,
                        Code::SourceReserved,
                        Code::SourceNotAllowed,
                    ])
            }),
        )
        .api_route(
            "/activities/batch",
            post_with(report_batch, |op| {
                op.named("reportActivities", "Reports many facts: judged in order, written at once")
                    .answers::<Results>(200)
                    .tells_position(200)
            }),
        )
        .api_route(
            "/activities/void",
            post_with(void::void, |op| {
                op.named("voidActivity", "Takes a reported fact out of later evaluations")
                    .answers::<Recorded>(201)
                    .tells_position(201)
                    .answers::<Duplicate>(200)
                    .refuses(&[Code::NotFound, Code::StepNotAllowed, Code::SourceReserved, Code::SourceNotAllowed])
            }),
        )
}

/// Reports one fact.
async fn report(
    State(state): State<AppState>,
    reporter: Reporter,
    AllowedSources(sources): AllowedSources,
    _: Query<Nothing>,
    Once(raw, key): Once<RawActivity>,
) -> Result<Response, Problem> {
    let keep = key.keep_outcomes(|outcomes| outcomes.first().cloned().map(answer));
    let reporting = Reporting { keep, sources, ..Reporting::of(reporter.metadata()) };
    answer(record(&state.ledger, &raw, &reporting).await?)
}

fn answer(outcome: Outcome) -> Result<Response, Problem> {
    match outcome {
        Outcome::Recorded { id, position, made_member: _ } => {
            Ok(At(position, Created(Recorded { id, position })).into_response())
        }
        Outcome::Duplicate { id, position } => Ok(Json(Duplicate { id, position, duplicate: true }).into_response()),
        Outcome::Refused(refusal) => Err(refusal.into()),
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NewActivity")]
struct Recorded {
    #[schemars(with = "Uuid")]
    id: ActivityId,
    position: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RecordedActivity")]
struct Duplicate {
    #[schemars(with = "Uuid")]
    id: ActivityId,
    position: i64,
    duplicate: bool,
}

struct Batch {
    items: Vec<Result<RawActivity, Vec<FieldError>>>,
}

impl FromFields for Batch {
    const BODY_LIMIT_BYTES: usize = 4 * 1024 * 1024;

    fn read(fields: &mut Fields) -> Option<Self> {
        let items = fields.required("activities", readers::list(0, MAX_BATCH, readers::each::<RawActivity>()));
        Some(Self { items: items? })
    }
}

/// Reports many facts: judged in order, as if they came one after another, and written at once.
async fn report_batch(
    State(state): State<AppState>,
    reporter: Reporter,
    AllowedSources(sources): AllowedSources,
    _: Query<Nothing>,
    Once(batch, key): Once<Batch>,
) -> Result<Response, Problem> {
    let reports: Vec<_> = batch.items.iter().flatten().cloned().collect();
    let batch = Arc::new(batch);
    let keep = {
        let batch = batch.clone();
        key.keep_outcomes(move |outcomes| Some(judged(&batch, outcomes)))
    };
    let reporting = Reporting { keep, sources, ..Reporting::of(reporter.metadata()) };
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
    let mut response = Json(Results { results }).into_response();
    if let Some(position) = position {
        response.headers_mut().insert(LEDGER_POSITION, position.into());
    }
    Ok(response)
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ActivityResults")]
struct Results {
    results: Vec<Judged>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ActivityResult")]
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
