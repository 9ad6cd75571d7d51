//! `/budgets`: how much the programme gives in a day, a week, a month or at all, over all its events, and whose calendar days
//! count. There is one programme, from the start, without any budget. It is read from the log itself.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use commands::Receipt;
use domain::programme::{Programme, ProgrammeRevision};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::budget_body::{BudgetBody, names_units};
use crate::app::input::budgets::budgets;
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::Problem;
use crate::http::auth::Admin;
use crate::http::headers::etag::{IfMatch, Tagged};
use crate::http::headers::positions::{At, MinPosition, Written};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::Query;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/budgets",
        get_with(all, |op| op.named("getBudgets", "The budgets of the programme, over all its events")).patch_with(
            revise,
            |op| {
                op.named("changeBudgets", "Changes the budgets of the programme, for what is granted from now on")
                    .limits(&[])
                    .body_example(example())
            },
        ),
    )
}

/// A change as it is sent.
fn example() -> Value {
    json!({"timeZone": "Asia/Seoul", "budgets": [{"unit": "points", "amount": 1_000_000, "per": "month"}]})
}

impl FromFields for ProgrammeRevision {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.at_least_one();
        let time_zone = fields.optional("timeZone", readers::zone());
        let budgets = budgets(fields, "budgets");
        Some(Self { time_zone: time_zone?, budgets: budgets? })
    }
}

/// The programme.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProgrammeBody {
    time_zone: String,
    budgets: Vec<BudgetBody>,
}

impl ProgrammeBody {
    fn of(programme: &Programme) -> Self {
        Self {
            time_zone: programme.time_zone().name().to_owned(),
            budgets: programme.budgets().iter().map(BudgetBody::of).collect(),
        }
    }
}

/// What is there.
async fn all(
    State(state): State<AppState>,
    _: Admin,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Tagged<Json<ProgrammeBody>>>, Problem> {
    let position = min.reached_by_log(&state).await?;
    let found = state.ledger.load::<Programme>(Programme::ID).await?;
    Ok(At(position.max(found.position), Tagged(found.sequence, Json(ProgrammeBody::of(&found.state)))))
}

type Changed = Written<Tagged<Json<ProgrammeBody>>>;

/// Changes what it names.
async fn revise(
    State(state): State<AppState>,
    admin: Admin,
    seen: IfMatch,
    _: Query<Nothing>,
    Idempotent(revision, key): Idempotent<ProgrammeRevision>,
) -> Result<Changed, Problem> {
    names_units(&state, revision.budgets.as_deref().unwrap_or_default()).await?;
    let answer = |receipt: &Receipt<Programme>| {
        let body = Json(ProgrammeBody::of(&receipt.state));
        Ok::<_, Problem>(Written::by(receipt, Tagged(receipt.sequence, body)))
    };
    key.execute_at(&state.ledger, Programme::ID, revision, &admin.metadata(), &seen, answer).await?
}
