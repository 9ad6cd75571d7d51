//! `POST /activities/void`: takes a reported fact out of later evaluations. The fact stays in the log, and
//! what was decided on it stands.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commands::Receipt;
use domain::activity::{Activity, ActivityCommand};
use domain::id::ActivityId;

use super::{Duplicate, Recorded, never_about};
use crate::app::activities::may_speak_for;
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{AllowedSources, Reporter};
use crate::http::headers::positions::At;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::Query;
use crate::http::openapi::Created;
use crate::http::state::AppState;

/// Which fact, by its source and the source's own id, and why.
pub(super) struct Withdrawal {
    source: String,
    external_id: String,
    note: String,
}

impl FromFields for Withdrawal {
    fn read(fields: &mut Fields) -> Option<Self> {
        let source = fields.required("source", readers::source());
        let external_id = fields.required("id", readers::external_id());
        let note = fields.required("note", readers::note(1));
        Some(Self { source: source?, external_id: external_id?, note: note? })
    }
}

/// Takes a fact out, for whoever may report for its source. Asked again with the same note it changes
/// nothing, and reporting the fact again does not bring it back.
pub(super) async fn void(
    State(state): State<AppState>,
    reporter: Reporter,
    AllowedSources(sources): AllowedSources,
    _: Query<Nothing>,
    Idempotent(withdrawal, key): Idempotent<Withdrawal>,
) -> Result<Response, Problem> {
    may_speak_for(&withdrawal.source, &sources)?;
    let id = ActivityId::of(&withdrawal.source, &withdrawal.external_id);
    if let Some(reporter) = never_about(&state, &reporter) {
        let known = state.ledger.load::<Activity>(&id.to_string()).await?.state;
        if known.recorded().is_some_and(|fact| fact.member_id == reporter) {
            return Err(Problem::new(Code::OwnActivity));
        }
    }
    let command = ActivityCommand::Void { note: withdrawal.note };
    let answer = move |receipt: &Receipt<Activity>| voided(id, receipt);
    Ok(key.execute(&state.ledger, &id.to_string(), command, &reporter.metadata(), answer).await?)
}

fn voided(id: ActivityId, receipt: &Receipt<Activity>) -> Response {
    let position = receipt.position;
    if receipt.appended == 0 {
        return Json(Duplicate { id, position, duplicate: true }).into_response();
    }
    At(position, Created(Recorded { id, position })).into_response()
}
