//! Says of an answer, within this process, that a coupon stands in it without its code: the claim that granted it, and whose it
//! is. The code is filled in on the way out, for its member alone, and is in no answer that is stored.

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::id::{ClaimId, MemberId};

/// The header; it never leaves the process.
pub const HAS_COUPON: HeaderName = HeaderName::from_static("ledger-coupon");

/// An answer with a coupon in it, if there is one.
#[derive(Debug)]
pub struct WithCoupon<T>(pub Option<(ClaimId, MemberId)>, pub T);

impl<T: IntoResponse> IntoResponse for WithCoupon<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        if let Some((claim, member)) = self.0
            && let Ok(value) = HeaderValue::try_from(format!("{claim} {member}"))
        {
            response.headers_mut().insert(HAS_COUPON, value);
        }
        response
    }
}

/// Whose coupon of which claim the header tells of.
#[must_use]
pub fn read(value: &HeaderValue) -> Option<(ClaimId, MemberId)> {
    let (claim, member) = value.to_str().ok()?.split_once(' ')?;
    Some((claim.parse().ok()?, member.parse().ok()?))
}
