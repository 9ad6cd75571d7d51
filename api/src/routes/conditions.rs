//! `POST /conditions/check`: what a condition is, before an event is made from it.

use std::collections::BTreeSet;

use aide::axum::ApiRouter;
use aide::axum::routing::post_with;
use axum::Json;
use domain::condition::Condition;
use domain::condition::cel::{Call, Cel, Variable};
use domain::name::Name;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::input::fields::{Fields, FromFields, Nothing};
use crate::http::auth::Operator;
use crate::http::idempotency::Idempotent;
use crate::http::input::condition::condition;
use crate::http::input::extract::Query;
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/conditions/check",
        post_with(check, |op| {
            op.named("checkCondition", "Checks a condition without creating an event").limits(&[Limit::AppendsNothing])
        }),
    )
}

struct Wanted {
    condition: Condition,
}

impl FromFields for Wanted {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.required("condition", condition()).map(|condition| Self { condition })
    }
}

/// Reads a condition: the answer is its tree and what it asks for, or everything that is wrong with it.
async fn check(
    _: Operator,
    _: Query<Nothing>,
    Idempotent(Wanted { condition }, _): Idempotent<Wanted>,
) -> Json<Checked> {
    Json(Checked::of(&condition))
}

/// A condition as it would be stored, and what it asks for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CheckedCondition")]
struct Checked {
    condition: Condition,
    /// The kinds of activities it looks at; `*` is any.
    kinds: Vec<String>,
    /// Whether it counts referrals.
    needs_referrals: bool,
    cel: Vec<Expression>,
}

/// One expression of the tree.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CheckedExpression")]
struct Expression {
    /// Where its leaf stands, as in evidence.
    path: String,
    variables: Vec<&'static str>,
    functions: BTreeSet<&'static str>,
}

impl Checked {
    fn of(condition: &Condition) -> Self {
        let needed = condition.needs();
        let named: BTreeSet<&Name> = needed.dates.iter().chain(&needed.tallies).collect();
        let any = needed.every_kind.then(|| "*".to_owned());
        Self {
            condition: condition.clone(),
            kinds: any.into_iter().chain(named.into_iter().map(|kind| kind.as_str().to_owned())).collect(),
            needs_referrals: needed.referrals,
            cel: condition.expressions().into_iter().map(Expression::of).collect(),
        }
    }
}

impl Expression {
    fn of((path, expression): (String, &Cel)) -> Self {
        Self {
            path,
            variables: expression.variables().map(Variable::name).collect(),
            functions: expression.calls().iter().map(Call::name).collect(),
        }
    }
}
