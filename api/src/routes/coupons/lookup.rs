//! Finds the coupon behind a typed code. Unknown codes are counted for each caller, so that nobody can try them out; another
//! member's bound coupon is an unknown one.

use commands::KnownCoupon;
use domain::codes::CouponCode;
use domain::id::{ClaimId, MemberId};

use super::asked::TypedCode;
use crate::app::problem::{Code, Problem};
use crate::http::auth::Caller;
use crate::http::state::AppState;

/// The coupon whose code this is.
///
/// # Errors
/// `coupon_unknown`; `rate_limited` after too many unknown ones.
pub(super) async fn coupon(
    state: &AppState,
    caller: &Caller,
    typed: &TypedCode,
    member: Option<MemberId>,
) -> Result<(ClaimId, KnownCoupon), Problem> {
    let who = caller.identified();
    state.rate_limits.may_try_a_code(who)?;
    if let Some((id, known)) = found(state, typed).await?
        && (!known.granted.terms.bound || member == Some(known.granted.about.member_id))
    {
        return Ok((id, known));
    }
    state.rate_limits.unknown_code(who)?;
    Err(Problem::new(Code::CouponUnknown))
}

async fn found(state: &AppState, TypedCode(typed): &TypedCode) -> Result<Option<(ClaimId, KnownCoupon)>, Problem> {
    let Ok(code) = CouponCode::try_from(typed.trim()) else { return Ok(None) };
    let Some(id) = state.ledger.coupon_with(&state.code_keys.digests(&code)).await? else { return Ok(None) };
    Ok(state.ledger.coupon(id).await?.map(|known| (id, known)))
}
