//! `/units`: what members can have, and on which terms. `points` is there from the start. What is changed holds for what is
//! given from then on. Units are few: they are read from the log itself, so that nobody waits for a read model.

mod answer;
mod fields;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use commands::Receipt;
use domain::unit::{Unit, UnitCommand, UnitRevision};
use domain::value::UnitCode;
use projections::read_models::units;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use self::answer::UnitBody;
use self::fields::UnitDraft;
use super::lists::Page;
use crate::app::input::fields::{Fields, FromFields, Nothing};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Account, Admin};
use crate::http::headers::etag::{IfMatch, Tagged};
use crate::http::headers::positions::{At, MinPosition, Written};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathText, Query};
use crate::http::openapi::{Created, Describe as _};
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/units",
            post_with(define, |op| {
                op.named("defineUnit", "Defines a unit of value; its code and scale stay for ever")
                    .limits(&[])
                    .refuses(&[Code::UnitCodeTaken])
                    .body_example(example())
            })
            .get_with(list, |op| op.named("listUnits", "Units, newest first; `points` is there from the start")),
        )
        .api_route(
            "/units/{code}",
            get_with(one, |op| op.named("getUnit", "One unit")).patch_with(revise, |op| {
                op.named("changeUnit", "Changes a unit, for what is given from now on").limits(&[])
            }),
        )
}

/// A unit as it is sent.
fn example() -> Value {
    json!({
        "code": "stars",
        "name": "Stars",
        "expiry": {"days": 365, "endOf": "month"},
        "availableAfterDays": 7,
        "timeZone": "Asia/Seoul",
    })
}

/// What is no code names nothing.
fn code(text: String) -> Result<UnitCode, Problem> {
    UnitCode::try_from(text).map_err(|_| Problem::new(Code::NotFound))
}

type Defined = Written<Tagged<Created<UnitBody>>>;

/// Brings a unit into being.
async fn define(
    State(state): State<AppState>,
    admin: Admin,
    _: Query<Nothing>,
    Idempotent(UnitDraft { code, terms }, key): Idempotent<UnitDraft>,
) -> Result<Defined, Problem> {
    let command = UnitCommand::Define { code: code.clone(), terms: Box::new(terms) };
    let answer = {
        let code = code.clone();
        move |receipt: &Receipt<Unit>| {
            let body = UnitBody::after(&code, receipt)?;
            Ok::<_, Problem>(Written::by(receipt, Tagged(receipt.sequence, Created(body))))
        }
    };
    key.execute(&state.ledger, code.as_str(), command, &admin.metadata(), answer).await?
}

type Changed = Written<Tagged<Json<UnitBody>>>;

/// Changes what it names.
async fn revise(
    State(state): State<AppState>,
    admin: Admin,
    PathText(text): PathText,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(revision, key): Idempotent<UnitRevision>,
) -> Result<Changed, Problem> {
    let code = code(text)?;
    let command = UnitCommand::Revise { code: code.clone(), revision: Box::new(revision) };
    let answer = {
        let code = code.clone();
        move |receipt: &Receipt<Unit>| {
            let body = UnitBody::after(&code, receipt)?;
            Ok::<_, Problem>(Written::by(receipt, Tagged(receipt.sequence, Json(body))))
        }
    };
    key.execute_at(&state.ledger, code.as_str(), command, &admin.metadata(), &seen, answer).await?
}

/// One unit.
async fn one(
    State(state): State<AppState>,
    _: Account,
    PathText(text): PathText,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Tagged<Json<UnitBody>>>, Problem> {
    let code = code(text)?;
    let position = min.reached_by_log(&state).await?;
    let found = state.ledger.load::<Unit>(code.as_str()).await?;
    let body = UnitBody::of(&code, &found.state).ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    Ok(At(position.max(found.position), Tagged(found.sequence, Json(body))))
}

struct Listing {
    page: Page,
}

impl FromFields for Listing {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { page: Page::read(fields)? })
    }
}

/// All units.
async fn list(
    State(state): State<AppState>,
    account: Account,
    uri: Uri,
    min: MinPosition,
    Query(listing): Query<Listing>,
) -> Result<At<Json<Units>>, Problem> {
    let walk = listing.page.of(&state.keys, &uri, account.id)?;
    let position = min.reached_by_log(&state).await?;
    let mut rows = units::list(&state.pool, walk.before, walk.rows()).await?;
    let next_cursor = walk.cut(&mut rows, |row| row.created_position)?;
    let units = rows.into_iter().map(|row| UnitBody::new(row.code, row.terms)).collect();
    Ok(At(position, Json(Units { units, next_cursor })))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Units {
    units: Vec<UnitBody>,
    next_cursor: Option<String>,
}
