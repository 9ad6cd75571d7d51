//! `POST /audit/re-evaluations`: every decision of the log made again in one fold. It writes nothing.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::condition::Condition;
use domain::id::CampaignId;
use projections::audit::{self, Basis, Bulk, ConditionBasis, FactsBasis, re_evaluate_all};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use uuid::Uuid;

use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, Problem, condition_errors};
use crate::http::auth::Auditor;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::Query;
use crate::http::openapi::ConditionInput;
use crate::http::state::AppState;
use crate::routes::whole_log;

/// Which decisions, and what to judge them by.
#[derive(Debug)]
pub(super) struct Order {
    event: Option<CampaignId>,
    basis: Basis,
}

impl FromFields for Order {
    fn read(fields: &mut Fields) -> Option<Self> {
        let event = fields.nullable("eventId", readers::id::<Uuid>());
        let facts = [("asDecided", FactsBasis::AsDecided), ("known", FactsBasis::Known)];
        let facts = fields.optional("facts", readers::choice(facts));
        let condition = condition(fields);
        let basis = Basis { facts: facts?.unwrap_or_default(), condition: condition? };
        Some(Self { event: event?.map(CampaignId), basis })
    }
}

/// `asDecided`, `current`, or a condition of its own.
fn condition(fields: &mut Fields) -> Option<ConditionBasis> {
    match fields.optional("condition", readers::any::<RuleInput>())? {
        None => Some(ConditionBasis::AsDecided),
        Some(Value::String(name)) if name == "asDecided" => Some(ConditionBasis::AsDecided),
        Some(Value::String(name)) if name == "current" => Some(ConditionBasis::Current),
        Some(given) => match Condition::parse(&given) {
            Ok(condition) => Some(ConditionBasis::Given(Arc::new(condition))),
            Err(problems) => {
                fields.report_all(condition_errors(&problems, "condition"));
                None
            }
        },
    }
}

/// How the rule may be named.
struct RuleInput;

impl JsonSchema for RuleInput {
    fn schema_name() -> Cow<'static, str> {
        "RuleInput".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let given = generator.subschema_for::<ConditionInput>();
        json_schema!({"anyOf": [{"type": "string", "enum": ["asDecided", "current"]}, given]})
    }
}

/// Makes all decisions again, of one event or of all.
pub(super) async fn re_evaluate_all_of(
    State(state): State<AppState>,
    _: Auditor,
    min: MinPosition,
    _: Query<Nothing>,
    Idempotent(order, _): Idempotent<Order>,
) -> Result<At<Json<Bulk>>, Problem> {
    let head = min.reached_by_log(&state).await?;
    let _turn = whole_log::turn()?;
    let order = audit::ReEvaluationRequest { campaign: order.event, basis: order.basis, position: head };
    let made = re_evaluate_all(&state.whole_log, order, |_, _| {}).await?;
    Ok(At(head, Json(made.ok_or_else(|| Problem::new(Code::NotFound))?)))
}
