//! What can have happened to a unit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UnitTerms;
use crate::event::events;
use crate::value::UnitCode;

events! {
    /// A step in the life of a unit of value.
    UnitEvent as UnitEventType {
        /// It came into being.
        Defined(Defined) = "unit.defined",
        /// Its terms changed.
        Revised(Revised) = "unit.revised",
    }
}

/// It came into being.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Defined {
    /// How it is called, for ever.
    pub code: UnitCode,
    /// What an administrator fixed.
    pub terms: UnitTerms,
}

/// Its terms changed, for what is given from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revised {
    /// Which.
    pub code: UnitCode,
    /// All terms from now on.
    pub terms: UnitTerms,
}

impl UnitEvent {
    /// Which unit it is about.
    #[must_use]
    pub fn code(&self) -> &UnitCode {
        match self {
            Self::Defined(event) => &event.code,
            Self::Revised(event) => &event.code,
        }
    }
}
