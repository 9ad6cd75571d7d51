//! The closed list of everything that can be answered instead of a result: one code, one status, one
//! meaning for ever. Titles are English; another language is another table beside this one.
//! It does not know which failure leads to which code: see `problem/mapping.rs`.

use axum::http::StatusCode;

macro_rules! codes {
    ($( $variant:ident = $name:literal, $status:ident, $title:literal; )+) => {
        /// What went wrong, for programs. The names are the codes of the API contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "every code has its title right beside it")]
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

            /// The meaning in one English phrase.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $( Self::$variant => $title, )+ }
            }
        }
    };
}

codes! {
    // the request itself
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not JSON";
    ValidationFailed = "validation_failed", BAD_REQUEST, "The request breaks a rule";
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "The cursor is not one of this list";
    IdempotencyKeyInvalid = "idempotency_key_invalid", BAD_REQUEST, "The idempotency key is none";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The key was used for another request";
    IdempotencyKeyInProgress = "idempotency_key_in_progress", CONFLICT, "The request under this key is being answered";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON by its type";
    // who asks, and for what
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid access token is needed";
    TokenExpired = "token_expired", UNAUTHORIZED, "The access token has expired";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "The e-mail or the password is wrong";
    RefreshTokenReused = "refresh_token_reused", UNAUTHORIZED, "The refresh token was used before";
    Forbidden = "forbidden", FORBIDDEN, "Not allowed in this role";
    NotFound = "not_found", NOT_FOUND, "There is nothing here";
    ChangedMeanwhile = "changed_meanwhile", PRECONDITION_FAILED, "It has changed since it was read";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The resource does not know this method";
    // accounts
    EmailTaken = "email_taken", CONFLICT, "Another account has this e-mail";
    NicknameTaken = "nickname_taken", CONFLICT, "Another member has this nickname";
    InviteCodeUnknown = "invite_code_unknown", UNPROCESSABLE_ENTITY, "Nobody has this invite code";
    TimeZoneLocked = "time_zone_locked", CONFLICT, "The time zone was changed a short while ago";
    SameRole = "same_role", CONFLICT, "The account has this role already";
    // events and rewards
    EventNameTaken = "event_name_taken", CONFLICT, "Another event has this name";
    BelowCommitted = "below_committed", CONFLICT, "The limit would fall below what is committed";
    UnlimitedStock = "unlimited_stock", CONFLICT, "The stock of the reward has no limit";
    EventInUse = "event_in_use", CONFLICT, "There are claims in the periods of the event";
    StepNotAllowed = "step_not_allowed", CONFLICT, "The step does not start from here";
    // claims, in the order in which the refusals are looked at
    RewardUnknown = "reward_unknown", NOT_FOUND, "There is no such reward";
    MemberUnknown = "member_unknown", NOT_FOUND, "There is no such member";
    MemberBlocked = "member_blocked", FORBIDDEN, "The claims of this member are refused";
    AlreadyClaimed = "already_claimed", CONFLICT, "The reward was claimed before in this period";
    EventNotActive = "event_not_active", CONFLICT, "The event is not active";
    ConditionUnmet = "condition_unmet", UNPROCESSABLE_ENTITY, "The condition is not met";
    LimitReached = "limit_reached", CONFLICT, "The member has all grants that one member may have";
    BudgetExhausted = "budget_exhausted", CONFLICT, "The event has given all grants that it may give";
    OutOfStock = "out_of_stock", CONFLICT, "The reward is sold out";
    ClaimExpired = "claim_expired", CONFLICT, "The claim has expired";
    OwnClaim = "own_claim", FORBIDDEN, "Nobody decides their own claim";
    // activities
    ActivityConflict = "activity_conflict", CONFLICT, "The source reported another fact under this id";
    SourceReserved = "source_reserved", FORBIDDEN, "The source is the ledger's own";
    SourceNotAllowed = "source_not_allowed", FORBIDDEN, "The source is not for this caller";
    // the service itself
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Too much is waiting; nothing was tried";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The service cannot answer now";
    ProjectionBehind = "projection_behind", SERVICE_UNAVAILABLE, "The read side has not come so far";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something broke";
}

impl Code {
    /// The code that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
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
