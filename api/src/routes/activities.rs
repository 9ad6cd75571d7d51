//! `/activities`: facts that sources report, one by one or many at once. The rules of a report are in
//! `crate::app::activities`; here is only what it becomes over HTTP.

mod void;

use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::post_with;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::id::{ActivityId, MemberId};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::activities::{Outcome, RawActivity, Refusal, Reporting, record, record_batch};
use crate::app::input::fields::{BATCH_BODY_LIMIT_BYTES, Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, FieldErrors, MAX_ERRORS, Problem};
use crate::http::auth::{AllowedSources, Reporter};
use crate::http::headers::positions::{At, LEDGER_POSITION};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::Query;
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::{Created, Describe as _};
use crate::http::state::AppState;

/// The most activities of one batch.
const MAX_BATCH: usize = 1_000;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/activities",
            post_with(report, |op| {
                op.named("reportActivity", "Reports an activity; its source and id stay in the log for ever")
                    .limits(&[])
                    .answers::<Recorded>(201)
                    .tells_position(201)
                    .answers::<Duplicate>(200)
                    .refuses(&[
                        Code::MemberUnknown,
                        Code::ActivityConflict,
                        Code::SourceReserved,
                        Code::SourceNotAllowed,
                        Code::OwnActivity,
                    ])
            }),
        )
        .api_route(
            "/activities/batch",
            post_with(report_batch, |op| {
                op.named(
                    "reportActivities",
                    "Reports up to 1,000 activities: judged in order, written in one transaction",
                )
                .limits(&[Limit::LargeBody])
                .answers::<Results>(200)
                .tells_position(200)
            }),
        )
        .api_route(
            "/activities/void",
            post_with(void::void, |op| {
                op.named("voidActivity", "Voids an activity, so that no later evaluation counts it")
                    .limits(&[])
                    .answers::<Recorded>(201)
                    .tells_position(201)
                    .answers::<Duplicate>(200)
                    .refuses(&[
                        Code::NotFound,
                        Code::StepNotAllowed,
                        Code::SourceReserved,
                        Code::SourceNotAllowed,
                        Code::OwnActivity,
                    ])
            }),
        )
}

/// About whom somebody may not report, nor take anything out.
fn never_about(state: &AppState, reporter: &Reporter) -> Option<MemberId> {
    state.separation_of_duties.then_some(reporter.id)
}

/// Reports one fact.
async fn report(
    State(state): State<AppState>,
    reporter: Reporter,
    AllowedSources(sources): AllowedSources,
    _: Query<Nothing>,
    Idempotent(raw, key): Idempotent<RawActivity>,
) -> Result<Response, Problem> {
    let keep = key.store_outcomes(|outcomes| outcomes.first().cloned().map(answer));
    let never_about = never_about(&state, &reporter);
    let reporting = Reporting { keep, sources, never_about, ..Reporting::of(reporter.metadata()) };
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
    items: Vec<Result<RawActivity, FieldErrors>>,
}

impl FromFields for Batch {
    const BODY_LIMIT_BYTES: usize = BATCH_BODY_LIMIT_BYTES;

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
    Idempotent(batch, key): Idempotent<Batch>,
) -> Result<Response, Problem> {
    let reports: Vec<_> = batch.items.iter().flatten().cloned().collect();
    let batch = Arc::new(batch);
    let keep = {
        let batch = batch.clone();
        key.store_outcomes(move |outcomes| Some(judged(&batch, outcomes)))
    };
    let never_about = never_about(&state, &reporter);
    let reporting = Reporting { keep, sources, never_about, ..Reporting::of(reporter.metadata()) };
    judged(&batch, &record_batch(&state.ledger, &reports, &reporting).await?)
}

fn judged(batch: &Batch, outcomes: &[Outcome]) -> Result<Response, Problem> {
    let mut outcomes = outcomes.iter().cloned();
    let mut position = None;
    let mut results = Vec::with_capacity(batch.items.len());
    // all items together: the answer names no more than any other
    let mut room = MAX_ERRORS;
    for (index, item) in batch.items.iter().enumerate() {
        let outcome = match item {
            Ok(_) => outcomes.next().ok_or_else(|| Problem::internal("batch", &"a report has no outcome"))?,
            Err(errors) => Outcome::Refused(Refusal::Invalid(errors.clone())),
        };
        if let Outcome::Recorded { position: reached, .. } = &outcome {
            position = position.max(Some(*reached));
        }
        results.push(Judged::of(index, outcome, &mut room));
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
    errors: Option<FieldErrors>,
}

impl Judged {
    fn of(index: usize, outcome: Outcome, room: &mut usize) -> Self {
        match outcome {
            Outcome::Recorded { .. } => Self { index, status: 201, code: None, errors: None },
            Outcome::Duplicate { .. } => Self { index, status: 200, code: None, errors: None },
            Outcome::Refused(refusal) => {
                let problem = Problem::from(refusal);
                let code = problem.code();
                let mut errors = problem.errors().clone();
                errors.truncate(*room);
                *room -= errors.len();
                let errors = Some(errors).filter(|errors| !errors.is_empty());
                Self { index, status: code.status().as_u16(), code: Some(code.name()), errors }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::{Language, while_speaking};
    use crate::app::input::fields::read_body;
    use crate::http::input::adversary;
    use futures::FutureExt as _;
    use serde_json::{Value, json};

    /// The answer to a batch of which nothing is taken.
    fn answered(language: Language, item: &Value) -> Vec<u8> {
        let body = json!({"activities": vec![item; MAX_BATCH]}).to_string();
        let read = adversary::in_proportion(body.as_bytes(), || {
            let batch = crate::app::input::json::parse(body.as_bytes()).and_then(read_body::<Batch>).unwrap();
            while_speaking(language, || judged(&batch, &[]).unwrap())
        });
        axum::body::to_bytes(read.into_body(), usize::MAX).now_or_never().unwrap().unwrap().to_vec()
    }

    #[test]
    fn the_answer_to_a_batch_names_no_more_errors_than_any_other() {
        let long = "\"\u{1}".repeat(1_000);
        let many: Value = (0..30).map(|number| (format!("{long}{number}"), json!(0))).collect();
        let measures = json!({"source": "s", "id": "1", "memberId": "m", "kind": "k", "occurredAt": "t", "measures":
            (0..30).map(|number| (format!("\"{number}\\"), json!("x"))).collect::<Value>()});
        for item in [json!({}), json!(7), json!({long.as_str(): 0}), many, measures] {
            for language in Language::ALL {
                let answer = answered(language, &item);
                assert!(answer.len() <= adversary::MAX_ANSWER_BYTES, "{} bytes for {MAX_BATCH} × {item}", answer.len());
                let results: Value = serde_json::from_slice(&answer).unwrap();
                let results = results["results"].as_array().unwrap();
                let named: usize = results.iter().filter_map(|result| result["errors"].as_array()).map(Vec::len).sum();
                assert_eq!((results.len(), named), (MAX_BATCH, MAX_ERRORS));
                assert!(
                    results.iter().all(|result| result["code"] == "validation_failed"),
                    "each says what became of it"
                );
            }
        }
    }
}
