//! The closed list of everything that can be answered instead of a result: one code, one status, one
//! meaning for ever. Titles are in `messages/*.ftl`, in every language. It does not know which failure leads to which code: see `problem/mapping.rs`.

use axum::http::StatusCode;

use crate::app::i18n::{current, say_of_code};

macro_rules! codes {
    ($( $variant:ident = $name:literal, $status:ident; )+) => {
        /// What went wrong, for programs. The names are the codes of the API contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "every code has its title and its meaning in `messages`")]
        pub enum Code { $( $variant, )+ }

        impl Code {
            /// All of them, in the order of the list.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The code itself.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $( Self::$variant => StatusCode::$status, )+ }
            }
        }
    };
}

codes! {
    // the request itself
    MalformedJson = "malformed_json", BAD_REQUEST;
    ValidationFailed = "validation_failed", BAD_REQUEST;
    InvalidCursor = "invalid_cursor", BAD_REQUEST;
    IdempotencyKeyInvalid = "idempotency_key_invalid", BAD_REQUEST;
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY;
    IdempotencyKeyInProgress = "idempotency_key_in_progress", CONFLICT;
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE;
    RecordTooLarge = "record_too_large", PAYLOAD_TOO_LARGE;
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE;
    ChangedMeanwhile = "changed_meanwhile", PRECONDITION_FAILED;
    RateLimited = "rate_limited", TOO_MANY_REQUESTS;
    // who asks, and for what
    Unauthenticated = "unauthenticated", UNAUTHORIZED;
    TokenExpired = "token_expired", UNAUTHORIZED;
    TokenOutdated = "token_outdated", UNAUTHORIZED;
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED;
    RefreshTokenReused = "refresh_token_reused", UNAUTHORIZED;
    Forbidden = "forbidden", FORBIDDEN;
    NotFound = "not_found", NOT_FOUND;
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    // accounts
    EmailTaken = "email_taken", CONFLICT;
    NicknameTaken = "nickname_taken", CONFLICT;
    InviteCodeUnknown = "invite_code_unknown", UNPROCESSABLE_ENTITY;
    TimeZoneLocked = "time_zone_locked", CONFLICT;
    UnknownRole = "unknown_role", BAD_REQUEST;
    OwnRole = "own_role", FORBIDDEN;
    OwnBlock = "own_block", FORBIDDEN;
    LastAdmin = "last_admin", CONFLICT;
    SameRole = "same_role", CONFLICT;
    // events and rewards
    EventNameTaken = "event_name_taken", CONFLICT;
    EventInUse = "event_in_use", CONFLICT;
    BelowCommitted = "below_committed", CONFLICT;
    UnlimitedStock = "unlimited_stock", CONFLICT;
    StepNotAllowed = "step_not_allowed", CONFLICT;
    // claims, in the order in which the refusals are looked at
    RewardUnknown = "reward_unknown", NOT_FOUND;
    MemberUnknown = "member_unknown", NOT_FOUND;
    OwnEvent = "own_event", FORBIDDEN;
    MemberBlocked = "member_blocked", FORBIDDEN;
    AlreadyClaimed = "already_claimed", CONFLICT;
    EventNotActive = "event_not_active", CONFLICT;
    ConditionUnmet = "condition_unmet", UNPROCESSABLE_ENTITY;
    LimitReached = "limit_reached", CONFLICT;
    BudgetExhausted = "budget_exhausted", CONFLICT;
    OutOfStock = "out_of_stock", CONFLICT;
    ClaimExpired = "claim_expired", CONFLICT;
    OwnClaim = "own_claim", FORBIDDEN;
    // activities
    ActivityConflict = "activity_conflict", CONFLICT;
    SourceReserved = "source_reserved", FORBIDDEN;
    SourceNotAllowed = "source_not_allowed", FORBIDDEN;
    OwnActivity = "own_activity", FORBIDDEN;
    // the service itself
    Overloaded = "overloaded", SERVICE_UNAVAILABLE;
    Unavailable = "unavailable", SERVICE_UNAVAILABLE;
    ProjectionBehind = "projection_behind", SERVICE_UNAVAILABLE;
    Internal = "internal", INTERNAL_SERVER_ERROR;
}

impl Code {
    /// The code that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// The meaning in one phrase, in the language of the request that is being answered.
    #[must_use]
    pub fn title(self) -> String {
        say_of_code(current(), self.name(), None)
    }

    /// The meaning in full.
    #[must_use]
    pub fn about(self) -> String {
        say_of_code(current(), self.name(), Some("about"))
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(self) -> String {
        say_of_code(current(), self.name(), Some("remedy"))
    }

    /// Where its description is found.
    #[must_use]
    pub fn link(self) -> String {
        format!("/problems/{}", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_and_a_title_and_is_listed_once() {
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
            assert!(!code.title().is_empty(), "{code:?}");
            assert!(code.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code:?}");
            assert_eq!(Code::from_name(code.name()), Some(*code), "two codes share a name");
        }
    }
}
