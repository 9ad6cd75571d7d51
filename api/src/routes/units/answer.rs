//! A unit as it is shown: every term is there, also those that nobody has set.

use commands::Receipt;
use domain::unit::{Unit, UnitTerms, UnitValue, UnitZone};
use domain::value::{Expiry, OnReversal, UnitCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::problem::Problem;

/// One unit.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UnitAnswer")]
pub(super) struct UnitBody {
    code: UnitCode,
    name: String,
    scale: i64,
    expiry: Option<Expiry>,
    available_after_days: i64,
    time_zone: UnitZone,
    on_reversal: OnReversal,
    refund_grace_days: i64,
    four_eyes_above: Option<i64>,
    transfers_per_day: i64,
    value: Option<UnitValue>,
}

impl UnitBody {
    pub(super) fn new(code: UnitCode, terms: UnitTerms) -> Self {
        Self {
            code,
            name: terms.name,
            scale: terms.scale.get(),
            expiry: terms.expiry,
            available_after_days: terms.available_after_days.get(),
            time_zone: terms.time_zone,
            on_reversal: terms.on_reversal,
            refund_grace_days: terms.refund_grace_days.get(),
            four_eyes_above: terms.four_eyes_above.map(Into::into),
            transfers_per_day: terms.transfers_per_day.get(),
            value: terms.value,
        }
    }

    /// The unit of this code, if there is one.
    pub(super) fn of(code: &UnitCode, unit: &Unit) -> Option<Self> {
        unit.terms_of(code).map(|terms| Self::new(code.clone(), terms))
    }

    /// The unit after a command.
    pub(super) fn after(code: &UnitCode, receipt: &Receipt<Unit>) -> Result<Self, Problem> {
        Self::of(code, &receipt.state).ok_or_else(|| Problem::internal("unit", &"a unit that was changed is not there"))
    }
}
