//! A unit of value: how it is shown, how long it is good, and what members may do with it. Protects: a code is one unit for
//! ever, and its scale stays. `points` is there from the start, with the terms that nobody had to write.
//! It knows no wallet; a lot keeps the days that it got when it was given, whatever the unit says later.

mod command;
mod event;
mod refusal;
mod terms;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use command::{UnitCommand, UnitRevision};
pub use event::{Defined, Revised, UnitEvent, UnitEventType};
pub use refusal::UnitRefusal;
pub use terms::{UnitTerms, UnitValue, UnitZone};

use crate::value::UnitCode;

/// What later decisions about a unit, and about value in it, need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    terms: Option<UnitTerms>,
}

impl Unit {
    /// The unit as it is before anything happened to it: `points` is there, others are not.
    #[must_use]
    pub fn initial(code: &UnitCode) -> Self {
        Self { terms: (code.as_str() == UnitCode::POINTS).then(UnitTerms::of_points) }
    }

    /// Decides a command: the events that follow, or the reason why none do. What is already so is no event.
    ///
    /// # Errors
    /// See [`UnitRefusal`].
    pub fn decide(&self, command: UnitCommand) -> Result<Vec<UnitEvent>, UnitRefusal> {
        match command {
            UnitCommand::Define { code, terms } => self.define(code, *terms),
            UnitCommand::Revise { code, revision } => self.revise(code, *revision),
        }
    }

    fn define(&self, code: UnitCode, terms: UnitTerms) -> Result<Vec<UnitEvent>, UnitRefusal> {
        if self.terms_of(&code).is_some() {
            return Err(UnitRefusal::CodeTaken);
        }
        terms.check()?;
        Ok(vec![UnitEvent::Defined(Defined { code, terms })])
    }

    fn revise(&self, code: UnitCode, revision: UnitRevision) -> Result<Vec<UnitEvent>, UnitRefusal> {
        let before = self.terms_of(&code).ok_or(UnitRefusal::Unknown)?;
        let terms = revision.applied_to(&before);
        terms.check()?;
        if terms == before {
            return Ok(vec![]);
        }
        Ok(vec![UnitEvent::Revised(Revised { code, terms })])
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &UnitEvent) {
        match event {
            UnitEvent::Defined(defined) => self.terms = Some(defined.terms.clone()),
            UnitEvent::Revised(revised) => self.terms = Some(revised.terms.clone()),
        }
    }

    /// The terms of the unit, if there is one of this code.
    #[must_use]
    pub fn terms_of(&self, code: &UnitCode) -> Option<UnitTerms> {
        self.terms.clone().or_else(|| Self::initial(code).terms)
    }
}

crate::aggregate::adapt!(Unit, "unit", UnitCommand, UnitEvent, UnitRefusal);
