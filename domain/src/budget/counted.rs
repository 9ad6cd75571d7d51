//! What a grant counts against budgets, and on which days: written in the event that takes it, and again in the one that gives
//! it back, so that it goes back to the day from which it was taken, whatever zone counts by then.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BudgetUnit, Scope};
use crate::id::CampaignId;
use crate::quantity::Amount;

/// What a grant counts against budgets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// The day in the campaign's zone.
    pub on: NaiveDate,
    /// The day in the programme's zone, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme_on: Option<NaiveDate>,
    /// How much of what.
    pub amounts: Vec<CountedAmount>,
}

/// So much of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CountedAmount {
    /// Of what.
    pub unit: BudgetUnit,
    /// How much.
    pub amount: Amount,
}

impl Counted {
    /// What a grant counts on these days; `None` where it counts nothing.
    #[must_use]
    pub fn of(on: NaiveDate, programme_on: NaiveDate, amounts: Vec<CountedAmount>) -> Option<Self> {
        let programme_on = (programme_on != on).then_some(programme_on);
        (!amounts.is_empty()).then_some(Self { on, programme_on, amounts })
    }

    /// The day on which it counts in a scope.
    #[must_use]
    pub fn day_in(&self, scope: Scope) -> NaiveDate {
        match scope {
            Scope::Campaign(_) => self.on,
            Scope::Programme => self.programme_on.unwrap_or(self.on),
        }
    }

    /// What it counts in each scope, unit and day.
    pub fn rows(&self, campaign: CampaignId) -> impl Iterator<Item = (Scope, &BudgetUnit, NaiveDate, i64)> {
        [Scope::Campaign(campaign), Scope::Programme].into_iter().flat_map(move |scope| {
            self.amounts.iter().map(move |one| (scope, &one.unit, self.day_in(scope), one.amount.get()))
        })
    }
}
