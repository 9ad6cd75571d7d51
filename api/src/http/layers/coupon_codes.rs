//! Fills the code of a coupon in on the way out, for the member whose it is, in first answers and in those that are given again
//! under a key. It stands outside of what stores answers, so that no stored answer has a code. An answer without a coupon costs it
//! one look at the headers.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use domain::id::{ClaimId, MemberId};

use crate::app::coupons::shown::code_of;
use crate::http::auth::{Identified, LetIn};
use crate::http::headers::has_coupon::{HAS_COUPON, read};
use crate::http::state::AppState;

/// Surrounds all routes and what stores their answers.
pub(crate) async fn layer<F>(state: &AppState, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let who = who_asks(&request);
    let mut response = next(request).await;
    let Some(value) = response.headers_mut().remove(HAS_COUPON) else { return response };
    match (who, read(&value)) {
        (Some(who), Some((claim, member))) if who == member => with_code(state, claim, response).await,
        _ => response,
    }
}

/// Whoever asks has been let in by the time there is an answer with a coupon.
fn who_asks(request: &Request) -> Option<MemberId> {
    let within = request.extensions().get::<LetIn>().map(|LetIn(caller)| caller.id);
    within.or_else(|| request.extensions().get::<Identified>().map(|who| who.id))
}

/// Without a code where it cannot be had now: the coupon is the member's all the same, and is shown with it later.
async fn with_code(state: &AppState, claim: ClaimId, response: Response) -> Response {
    let code = match code_of(&state.ledger, &state.code_keys, claim).await {
        Ok(Some(code)) => code,
        Ok(None) => return response,
        Err(reason) => {
            tracing::error!(%claim, %reason, "coupons: the code of a coupon cannot be shown");
            return response;
        }
    };
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let bytes = filled_in(&bytes, claim, code.reveal()).map_or(bytes, Bytes::from);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

/// Puts the code behind the id of the coupon, and leaves every other byte as it is. Within a text of the document quotes are
/// escaped, so that this place is there once.
fn filled_in(body: &[u8], claim: ClaimId, code: &str) -> Option<Vec<u8>> {
    let place = format!("\"coupon\":{{\"id\":\"{claim}\"");
    let start = body.windows(place.len()).position(|part| part == place.as_bytes())?;
    let (before, behind) = body.split_at(start + place.len());
    let code = serde_json::to_string(code).ok()?;
    Some([before, b",\"code\":", code.as_bytes(), behind].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_behind_the_id_of_its_coupon() {
        let claim = ClaimId(uuid::Uuid::from_u128(7));
        let body = format!(r#"{{"claim":{{"note":"\"coupon\":","coupon":{{"id":"{claim}","expiresAt":null}}}}}}"#);
        let filled = String::from_utf8(filled_in(body.as_bytes(), claim, r"A\B").unwrap()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&filled).unwrap();
        assert_eq!(read["claim"]["coupon"]["code"], r"A\B");
        assert_eq!(filled.replace(r#","code":"A\\B""#, ""), body);
        assert_eq!(filled_in(body.as_bytes(), ClaimId::default(), "A"), None);
    }
}
