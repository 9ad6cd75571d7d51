//! Problems over HTTP (RFC 9457): the status of each code, and the document with its headers. The outermost layer writes
//! the document, because it knows the request that it belongs to.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::problem::{Code, Problem, RETRY_AFTER_S};
use crate::http::headers::etag::etag;
use crate::http::headers::positions::LEDGER_POSITION;
use crate::http::input::extract::{CONTENT_ENCODING_FIELD, READ_ENCODINGS};
use crate::http::layers::rate_limits;

/// Nobody showed a credential.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
/// The credential that was shown is not accepted (RFC 6750).
const INVALID_TOKEN: HeaderValue = HeaderValue::from_static("Bearer error=\"invalid_token\"");

impl Code {
    /// The HTTP status that goes with it.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::MalformedJson
            | Self::ValidationFailed
            | Self::InvalidCursor
            | Self::IdempotencyKeyInvalid
            | Self::UnknownRole => StatusCode::BAD_REQUEST,
            Self::IdempotencyKeyReused | Self::InviteCodeUnknown | Self::ConditionUnmet => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::IdempotencyKeyInProgress
            | Self::EmailTaken
            | Self::NicknameTaken
            | Self::TimeZoneLocked
            | Self::LastAdmin
            | Self::SameRole
            | Self::EventNameTaken
            | Self::EventInUse
            | Self::BelowCommitted
            | Self::UnlimitedStock
            | Self::StepNotAllowed
            | Self::AlreadyClaimed
            | Self::EventNotActive
            | Self::LimitReached
            | Self::BudgetExhausted
            | Self::OutOfStock
            | Self::InsufficientPoints
            | Self::TooManyLots
            | Self::ClaimExpired
            | Self::UnitCodeTaken
            | Self::ReferenceConflict
            | Self::HoldExpired
            | Self::AmountExceedsHold
            | Self::RefundExceedsSpend
            | Self::RewardHasNoCodes
            | Self::CouponUsed
            | Self::CouponExpired
            | Self::CouponVoided
            | Self::ActivityConflict => StatusCode::CONFLICT,
            Self::BodyTooLarge | Self::RecordTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ChangedMeanwhile => StatusCode::PRECONDITION_FAILED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unauthenticated
            | Self::TokenExpired
            | Self::TokenOutdated
            | Self::InvalidCredentials
            | Self::RefreshTokenReused => StatusCode::UNAUTHORIZED,
            Self::Forbidden
            | Self::OwnRole
            | Self::OwnBlock
            | Self::OwnEvent
            | Self::MemberBlocked
            | Self::OwnClaim
            | Self::OwnWallet
            | Self::OwnAdjustment
            | Self::TransfersOff
            | Self::RightMissing
            | Self::SourceReserved
            | Self::SourceNotAllowed
            | Self::OwnActivity => StatusCode::FORBIDDEN,
            Self::NotFound | Self::RewardUnknown | Self::MemberUnknown | Self::UnitUnknown | Self::CouponUnknown => {
                StatusCode::NOT_FOUND
            }
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Overloaded | Self::Unavailable | Self::ProjectionBehind => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl Problem {
    /// The document, for the request of this id, in its language.
    #[must_use]
    pub fn render(&self, request: Uuid) -> Response {
        let status = self.code().status();
        let mut body = self.document();
        body.insert("status".to_owned(), json!(status.as_u16()));
        body.insert("instance".to_owned(), json!(request.urn().to_string()));
        let media = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, media, Value::Object(body).to_string()).into_response();
        let headers = response.headers_mut();
        let overloaded = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_S);
        if let Some(seconds) = self.asks_again_after_s().or(overloaded) {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(version) = self.current_version() {
            headers.insert(header::ETAG, etag(version));
        }
        if let Some(position) = self.position() {
            headers.insert(LEDGER_POSITION, position.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = if self.refuses_credential() { INVALID_TOKEN } else { BEARER };
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if status == StatusCode::UNSUPPORTED_MEDIA_TYPE && self.errors().names(CONTENT_ENCODING_FIELD) {
            headers.insert(header::ACCEPT_ENCODING, READ_ENCODINGS);
        }
        if let Some(budget) = self.used_up() {
            rate_limits::tell(headers, budget);
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Only marks the response: the outermost layer writes the document.
    fn into_response(self) -> Response {
        let mut response = self.code().status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::phrases;

    #[test]
    fn every_code_is_an_error_of_http() {
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
        }
    }

    #[tokio::test]
    async fn a_problem_is_a_document_of_rfc_9457() {
        let problem = Problem::new(Code::AlreadyClaimed).with("claimId", "x").detail(phrases::nul());
        let response = problem.render(Uuid::nil());
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            body,
            json!({"type": "/problems/already_claimed", "title": "The reward was already claimed in this period",
                "status": 409, "detail": "A text holds the character NUL.", "code": "already_claimed", "claimId": "x",
                "instance": "urn:uuid:00000000-0000-0000-0000-000000000000"})
        );
    }
}
