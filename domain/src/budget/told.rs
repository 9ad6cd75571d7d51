//! What is told of one budget in one of its periods. Protects: each part is told once a period. Its stream's id is derived from
//! scope, unit and period.

use std::collections::BTreeSet;
use std::convert::Infallible;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Budget, BudgetEvent, Scope, ThresholdReached};
use crate::id::BudgetPeriodId;
use crate::quantity::Percent;

/// The parts of a budget that were told in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetPeriod {
    told: BTreeSet<Percent>,
}

/// Tell what is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetCommand {
    /// Whose budget it is.
    pub scope: Scope,
    /// Which.
    pub budget: Budget,
    /// A day of the period.
    pub day: NaiveDate,
    /// How much is committed in it.
    pub committed: i64,
}

impl BudgetCommand {
    /// The stream of this budget in this period.
    #[must_use]
    pub fn id(&self) -> BudgetPeriodId {
        let period = self.budget.per.period_of(self.day);
        BudgetPeriodId::of(&self.scope.to_string(), &self.budget.unit.to_string(), &period)
    }
}

impl BudgetPeriod {
    /// Decides what is told: each part that is reached and was not told in this period.
    ///
    /// # Errors
    /// None: what is not reached is not told.
    pub fn decide(&self, command: BudgetCommand) -> Result<Vec<BudgetEvent>, Infallible> {
        let BudgetCommand { scope, budget, day, committed } = command;
        let (campaign_id, period) = match scope {
            Scope::Campaign(campaign) => (Some(campaign), budget.per.period_of(day)),
            Scope::Programme => (None, budget.per.period_of(day)),
        };
        let reached = budget.alert_at.iter().filter(|part| budget.has_reached(**part, committed));
        let new = reached.filter(|part| !self.told.contains(part));
        let told = new.map(|threshold| ThresholdReached {
            campaign_id,
            unit: budget.unit.clone(),
            per: budget.per,
            period: period.clone(),
            amount: budget.amount,
            committed,
            threshold: *threshold,
        });
        Ok(told.map(BudgetEvent::ThresholdReached).collect())
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &BudgetEvent) {
        match event {
            BudgetEvent::ThresholdReached(event) => {
                self.told.insert(event.threshold);
            }
        }
    }
}

impl Budget {
    /// Whether so much of it is a part, or more.
    #[must_use]
    pub fn has_reached(&self, part: Percent, committed: i64) -> bool {
        i128::from(committed) * 100 >= i128::from(part.get()) * i128::from(self.amount.get())
    }
}

crate::aggregate::adapt!(BudgetPeriod, "budget", BudgetCommand, BudgetEvent, Infallible);
