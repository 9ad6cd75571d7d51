//! The code of a coupon, opened for the member whose it is.

use commands::{Ledger, ReadError};
use domain::Moment;
use domain::claim::Claim;
use domain::codes::CouponCode;
use domain::id::ClaimId;
use schemars::JsonSchema;
use serde::Serialize;

use super::keys::{CodeKeys, Unopened};

/// Why a code cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum NotShown {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be opened.
    #[error(transparent)]
    Unopened(#[from] Unopened),
}

/// The code of the coupon that a claim granted; `None` where it granted none.
///
/// # Errors
/// See [`NotShown`].
pub async fn code_of(ledger: &Ledger, keys: &CodeKeys, claim: ClaimId) -> Result<Option<CouponCode>, NotShown> {
    let Some(sealed) = ledger.code_of_coupon(claim).await? else { return Ok(None) };
    Ok(Some(keys.open_code(&sealed)?))
}

/// The coupon that a claim has handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CouponOfClaim {
    /// That of the claim.
    pub id: ClaimId,
    /// For its member alone, and filled in behind everything that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// From when it is not good any more; null for what never ends.
    pub expires_at: Option<Moment>,
}

impl CouponOfClaim {
    /// The coupon of a claim without its code; `None` where it has none, or it was taken back.
    #[must_use]
    pub fn of(claim: &Claim) -> Option<Self> {
        let (terms, is_reversed) = claim.coupon()?;
        let id = claim.about()?.claim_id();
        (!is_reversed).then_some(Self { id, code: None, expires_at: terms.expires_at })
    }
}
