//! What a claim has credited and what it costs the member, as the API shows it. What was given back or taken back is not
//! shown any more: the log and the member's statement tell of it. From which lots a price was paid is told of one claim
//! alone, for these can be many.

use domain::Moment;
use domain::claim::{Claim, ClaimStatus, Credit};
use domain::quantity::Amount;
use domain::spend::Paid;
use domain::value::{Portion, UnitCode};
use schemars::JsonSchema;
use serde::Serialize;

/// What a grant has credited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CreditOfClaim")]
pub struct CreditBody {
    /// Of what …
    pub unit: UnitCode,
    /// … how much.
    pub amount: Amount,
    /// From when it can be used …
    pub available_from: Moment,
    /// … and from when not any more; null for what never ends.
    pub expires_at: Option<Moment>,
}

/// What a claim costs the member: held while it is pending, and paid once it is granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "PaidByClaim")]
pub struct PaidBody {
    /// Of what …
    pub unit: UnitCode,
    /// … how much …
    pub amount: Amount,
    /// … and from which lots, in the order in which they are used.
    pub lots: Vec<Portion>,
}

impl From<Credit> for CreditBody {
    fn from(credit: Credit) -> Self {
        let Credit { unit, amount, available_from, expires_at, time_zone: _ } = credit;
        Self { unit, amount, available_from, expires_at }
    }
}

impl From<Paid> for PaidBody {
    fn from(paid: Paid) -> Self {
        let Paid { unit, amount, lots, lots_position: _, allocated_at: _ } = paid;
        Self { unit, amount, lots }
    }
}

/// What a claim of this state has credited, and what it costs.
#[must_use]
pub fn value_of(claim: &Claim) -> (Option<CreditBody>, Option<PaidBody>) {
    let credit = || claim.credited().cloned().map(CreditBody::from);
    let paid = || claim.paid().cloned().map(PaidBody::from);
    match claim.status() {
        Some(ClaimStatus::Pending) => (None, paid()),
        Some(ClaimStatus::Granted | ClaimStatus::Fulfilled | ClaimStatus::FulfilmentFailed) => (credit(), paid()),
        Some(ClaimStatus::Denied | ClaimStatus::Expired | ClaimStatus::Rejected | ClaimStatus::Reversed) | None => {
            (None, None)
        }
    }
}
