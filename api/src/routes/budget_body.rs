//! A budget as it is shown, in an event and in the programme, and whether there is what it limits.

use domain::budget::{Budget, BudgetUnit, Per};
use domain::unit::Unit;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::problem::Problem;
use crate::http::state::AppState;

/// One budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct BudgetBody {
    unit: String,
    amount: i64,
    #[schemars(with = "Per")]
    per: &'static str,
    alert_at: Vec<i64>,
}

impl BudgetBody {
    pub(in crate::routes) fn of(budget: &Budget) -> Self {
        Self {
            unit: budget.unit.to_string(),
            amount: budget.amount.get(),
            per: budget.per.name(),
            alert_at: budget.alert_at.iter().map(|part| part.get()).collect(),
        }
    }
}

/// Refuses units that nobody has defined. A unit stays for ever, so that it is enough to look before.
pub(in crate::routes) async fn names_units(state: &AppState, budgets: &[Budget]) -> Result<(), Problem> {
    for (index, budget) in budgets.iter().enumerate() {
        let BudgetUnit::Unit(code) = &budget.unit else { continue };
        let is_there_from_the_start = Unit::initial(code).terms_of(code).is_some();
        if !is_there_from_the_start && state.ledger.unit_terms(code).await?.is_none() {
            let field = format!("budgets[{index}].unit");
            return Err(Problem::field(&field, "unknown_unit", "names no unit that is defined"));
        }
    }
    Ok(())
}
