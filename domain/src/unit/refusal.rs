//! Why a unit is left as it is.

use crate::value::LAST_YEAR;

/// The named reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnitRefusal {
    /// There is no such unit.
    #[error("there is no such unit")]
    Unknown,
    /// A unit has this code, and a code is one unit for ever.
    #[error("there is a unit of this code")]
    CodeTaken,
    /// Its date of expiry cannot be written.
    #[error("a date of expiry lies in a year from 1 to {LAST_YEAR}")]
    DateOutOfBounds,
}
