//! The terms of units, kept at hand: each claim of points needs them. They may be stale: whoever decides by them also says
//! which version was read, and the append refuses when the unit has gone on since.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::unit::{Unit, UnitTerms};
use domain::value::UnitCode;

use crate::ledger::Ledger;
use crate::log::append::StreamKey;
use crate::log::coalesce::ReadError;
use crate::log::streams::Loaded;

/// Beyond this many units all are forgotten and read again.
const MAX_CACHED: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Units {
    known: RwLock<HashMap<UnitCode, Arc<Loaded<Unit>>>>,
}

/// The terms of a unit, and the version of its stream that they are of.
#[derive(Debug, Clone)]
pub(crate) struct KnownUnit {
    pub(crate) terms: UnitTerms,
    pub(crate) version: (StreamKey, i64),
}

impl Units {
    pub(crate) fn forget(&self) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn cached(&self, code: &UnitCode) -> Option<Arc<Loaded<Unit>>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(code).cloned()
    }

    fn keep(&self, code: &UnitCode, unit: Arc<Loaded<Unit>>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_CACHED {
            known.clear();
        }
        known.insert(code.clone(), unit);
    }
}

impl Ledger {
    /// The terms of a unit as the log has them now; `None`: there is no such unit.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn unit_terms(&self, code: &UnitCode) -> Result<Option<UnitTerms>, ReadError> {
        Ok(self.load::<Unit>(code.as_str()).await?.state.terms_of(code))
    }

    /// The terms of a unit, possibly as they were a moment ago.
    pub(crate) async fn known_unit(&self, code: &UnitCode) -> Result<Option<KnownUnit>, ReadError> {
        let unit = match self.shared.units.cached(code) {
            Some(unit) => unit,
            None => {
                let unit = Arc::new(self.load::<Unit>(code.as_str()).await?);
                if unit.state.terms_of(code).is_some() {
                    self.shared.units.keep(code, unit.clone());
                }
                unit
            }
        };
        let version = (unit.stream.clone(), unit.sequence);
        Ok(unit.state.terms_of(code).map(|terms| KnownUnit { terms, version }))
    }
}
