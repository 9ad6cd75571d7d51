//! Whether budgets leave room for a grant. They are looked at in one order, so that everybody is given the same reason: those of the
//! campaign, then those of the programme, of each the longest period first. A grant is refused whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Budget, BudgetUnit, Counted, Per, Scope};
use crate::id::CampaignId;

/// How much is committed: pending, granted, and not given back.
pub trait Committed {
    /// How much of a unit is committed in a scope in the period that a day lies in.
    fn committed(&self, scope: Scope, unit: &BudgetUnit, per: Per, day: chrono::NaiveDate) -> i64;
}

impl<F: Fn(Scope, &BudgetUnit, Per, chrono::NaiveDate) -> i64> Committed for F {
    fn committed(&self, scope: Scope, unit: &BudgetUnit, per: Per, day: chrono::NaiveDate) -> i64 {
        self(scope, unit, per, day)
    }
}

/// The budget that leaves no room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetShortfall {
    /// Whose it is: `event` or `programme`.
    pub scope: String,
    /// Of what; `grants` where a campaign has given as many rewards as it may.
    pub unit: String,
    /// In which kind of period …
    pub per: Per,
    /// … and in which of them.
    pub period: String,
    /// How much may be given.
    pub amount: i64,
    /// How much is committed.
    pub committed: i64,
    /// How much is asked for.
    pub need: i64,
}

/// Whether the budgets of a campaign and of the programme leave room for what a grant counts.
///
/// # Errors
/// The first budget that does not.
pub fn room_for(
    counted: &Counted,
    campaign: (CampaignId, &[Budget]),
    programme: &[Budget],
    spent: &impl Committed,
) -> Result<(), BudgetShortfall> {
    let scopes = [(Scope::Campaign(campaign.0), campaign.1), (Scope::Programme, programme)];
    for (scope, budgets) in scopes {
        for per in Per::ALL {
            for budget in budgets.iter().filter(|budget| budget.per == per) {
                room_in(budget, scope, counted, spent)?;
            }
        }
    }
    Ok(())
}

fn room_in(budget: &Budget, scope: Scope, counted: &Counted, spent: &impl Committed) -> Result<(), BudgetShortfall> {
    let of_unit = counted.amounts.iter().filter(|one| one.unit == budget.unit);
    let need: i64 = of_unit.map(|one| one.amount.get()).sum();
    if need == 0 {
        return Ok(());
    }
    let day = counted.day_in(scope);
    let (amount, committed) = (budget.amount.get(), spent.committed(scope, &budget.unit, budget.per, day));
    if committed.saturating_add(need) <= amount {
        return Ok(());
    }
    Err(BudgetShortfall {
        scope: scope.name().to_owned(),
        unit: budget.unit.to_string(),
        per: budget.per,
        period: budget.per.period_of(day),
        amount,
        committed,
        need,
    })
}

impl BudgetShortfall {
    /// A campaign that has given as many rewards as it may.
    #[must_use]
    pub fn of_grants(amount: i64, committed: i64) -> Self {
        Self {
            scope: "event".to_owned(),
            unit: crate::value::UnitCode::RESERVED.to_owned(),
            per: Per::Total,
            period: Per::Total.name().to_owned(),
            amount,
            committed,
            need: 1,
        }
    }

    /// Whether it limits the number of grants, and nothing that they give.
    #[must_use]
    pub fn is_of_grants(&self) -> bool {
        self.unit == crate::value::UnitCode::RESERVED
    }

    /// Whether it is the same budget in the same period, whatever is committed by now.
    #[must_use]
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.scope, &self.unit, self.per, &self.period) == (&other.scope, &other.unit, other.per, &other.period)
    }
}
