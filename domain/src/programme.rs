//! The programme: the budgets over all its campaigns, and whose calendar days count for them. There is one, from the start,
//! without any budget.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::budget::{self, Budget, BudgetsRefusal};
use crate::event::events;
use crate::zone::Tz;

events! {
    /// A change of the programme.
    ProgrammeEvent as ProgrammeEventType {
        /// It has other budgets from now on.
        BudgetsSet(BudgetsSet) = "programme.budgets_set",
    }
}

/// It has other budgets from now on; what is spent stays on the day on which it was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BudgetsSet {
    /// Whose calendar days count.
    #[schemars(with = "String")]
    pub time_zone: Tz,
    /// All budgets.
    pub budgets: Vec<Budget>,
}

/// What later decisions need to know of the programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programme {
    time_zone: Tz,
    budgets: Vec<Budget>,
}

/// What is to change; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProgrammeRevision {
    /// Whose calendar days count, for what is granted from now on.
    pub time_zone: Option<Tz>,
    /// All budgets.
    pub budgets: Option<Vec<Budget>>,
}

impl Default for Programme {
    fn default() -> Self {
        Self { time_zone: Tz::UTC, budgets: vec![] }
    }
}

impl Programme {
    /// The id of its stream: there is one programme.
    pub const ID: &'static str = "programme";

    /// Decides a change. What is already so is no event.
    ///
    /// # Errors
    /// See [`BudgetsRefusal`].
    pub fn decide(&self, revision: ProgrammeRevision) -> Result<Vec<ProgrammeEvent>, BudgetsRefusal> {
        let time_zone = revision.time_zone.unwrap_or(self.time_zone);
        let budgets = revision.budgets.unwrap_or_else(|| self.budgets.clone());
        budget::check(&budgets)?;
        if (time_zone, &budgets) == (self.time_zone, &self.budgets) {
            return Ok(vec![]);
        }
        Ok(vec![ProgrammeEvent::BudgetsSet(BudgetsSet { time_zone, budgets })])
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &ProgrammeEvent) {
        match event {
            ProgrammeEvent::BudgetsSet(event) => {
                self.time_zone = event.time_zone;
                self.budgets.clone_from(&event.budgets);
            }
        }
    }

    /// Whose calendar days count.
    #[must_use]
    pub fn time_zone(&self) -> Tz {
        self.time_zone
    }

    /// All budgets.
    #[must_use]
    pub fn budgets(&self) -> &[Budget] {
        &self.budgets
    }
}

crate::aggregate::adapt!(Programme, "programme", ProgrammeRevision, ProgrammeEvent, BudgetsRefusal);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_programme_is_there_from_the_start_and_changes_what_is_named() {
        let mut programme = Programme::default();
        assert_eq!(programme.decide(ProgrammeRevision::default()), Ok(vec![]));
        let budgets: Vec<Budget> =
            serde_json::from_value(json!([{"unit": "KRW", "amount": 1_000_000, "per": "month"}])).unwrap();
        let revision = ProgrammeRevision { budgets: Some(budgets.clone()), time_zone: None };
        let events = programme.decide(revision.clone()).unwrap();
        events.iter().for_each(|event| programme.evolve(event));
        assert_eq!((programme.time_zone(), programme.budgets()), (Tz::UTC, &budgets[..]));
        assert_eq!(programme.decide(revision), Ok(vec![]));
        let twice = ProgrammeRevision { budgets: Some([budgets.clone(), budgets].concat()), time_zone: None };
        assert!(matches!(programme.decide(twice), Err(BudgetsRefusal::Twice { .. })));
    }
}
