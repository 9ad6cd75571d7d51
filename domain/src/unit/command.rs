//! What can be asked of a unit.

use super::{UnitTerms, UnitValue, UnitZone};
use crate::quantity::{DailyLimit, DelayDays, FourEyesLimit};
use crate::value::{Expiry, OnReversal, UnitCode};

/// A request to change a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitCommand {
    /// Bring it into being.
    Define {
        /// How it is called.
        code: UnitCode,
        /// How it shall be.
        terms: Box<UnitTerms>,
    },
    /// Change its terms, for what is given from now on.
    Revise {
        /// Which.
        code: UnitCode,
        /// What is to change.
        revision: Box<UnitRevision>,
    },
}

/// What is to change about a unit; what is `None` stays as it is, `Some(None)` takes away. The scale is not here: it stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitRevision {
    /// Another name.
    pub name: Option<String>,
    /// When what is given is over.
    pub expiry: Option<Option<Expiry>>,
    /// After how many days what is given can be used.
    pub available_after_days: Option<DelayDays>,
    /// Whose calendar days count.
    pub time_zone: Option<UnitZone>,
    /// What the reversal of a grant takes when the grant was used.
    pub on_reversal: Option<OnReversal>,
    /// For how many days a refund is good whose lot has ended.
    pub refund_grace_days: Option<DelayDays>,
    /// Beyond how much one person's adjustments need another's approval.
    pub four_eyes_above: Option<Option<FourEyesLimit>>,
    /// How often a member may send some to another in a day.
    pub transfers_per_day: Option<DailyLimit>,
    /// What it is worth.
    pub value: Option<Option<UnitValue>>,
}

impl UnitRevision {
    pub(super) fn applied_to(self, terms: &UnitTerms) -> UnitTerms {
        UnitTerms {
            name: self.name.unwrap_or_else(|| terms.name.clone()),
            scale: terms.scale,
            expiry: self.expiry.unwrap_or(terms.expiry),
            available_after_days: self.available_after_days.unwrap_or(terms.available_after_days),
            time_zone: self.time_zone.unwrap_or(terms.time_zone),
            on_reversal: self.on_reversal.unwrap_or(terms.on_reversal),
            refund_grace_days: self.refund_grace_days.unwrap_or(terms.refund_grace_days),
            four_eyes_above: self.four_eyes_above.unwrap_or(terms.four_eyes_above),
            transfers_per_day: self.transfers_per_day.unwrap_or(terms.transfers_per_day),
            value: self.value.unwrap_or(terms.value),
        }
    }
}
