//! The closed list of error codes; the meaning of a code never changes. Titles in every language are in
//! `messages/*.ftl`. `problem/mapping` chooses the code of a failure, `http::problem` the status of a code.

use crate::app::i18n::{current, say_of_code};

macro_rules! codes {
    ($( $variant:ident = $name:literal; )+) => {
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
        }
    };
}

codes! {
    // the request itself
    MalformedJson = "malformed_json";
    ValidationFailed = "validation_failed";
    InvalidCursor = "invalid_cursor";
    IdempotencyKeyInvalid = "idempotency_key_invalid";
    IdempotencyKeyReused = "idempotency_key_reused";
    IdempotencyKeyInProgress = "idempotency_key_in_progress";
    BodyTooLarge = "body_too_large";
    RecordTooLarge = "record_too_large";
    UnsupportedMediaType = "unsupported_media_type";
    ChangedMeanwhile = "changed_meanwhile";
    RateLimited = "rate_limited";
    // who asks, and for what
    Unauthenticated = "unauthenticated";
    TokenExpired = "token_expired";
    TokenOutdated = "token_outdated";
    InvalidCredentials = "invalid_credentials";
    RefreshTokenReused = "refresh_token_reused";
    Forbidden = "forbidden";
    NotFound = "not_found";
    MethodNotAllowed = "method_not_allowed";
    // accounts
    EmailTaken = "email_taken";
    NicknameTaken = "nickname_taken";
    InviteCodeUnknown = "invite_code_unknown";
    TimeZoneLocked = "time_zone_locked";
    UnknownRole = "unknown_role";
    OwnRole = "own_role";
    OwnBlock = "own_block";
    LastAdmin = "last_admin";
    SameRole = "same_role";
    // events and rewards
    EventNameTaken = "event_name_taken";
    EventInUse = "event_in_use";
    BelowCommitted = "below_committed";
    UnlimitedStock = "unlimited_stock";
    StepNotAllowed = "step_not_allowed";
    // claims, in the order in which the refusals are looked at
    RewardUnknown = "reward_unknown";
    MemberUnknown = "member_unknown";
    OwnEvent = "own_event";
    MemberBlocked = "member_blocked";
    AlreadyClaimed = "already_claimed";
    EventNotActive = "event_not_active";
    ConditionUnmet = "condition_unmet";
    LimitReached = "limit_reached";
    BudgetExhausted = "budget_exhausted";
    OutOfStock = "out_of_stock";
    InsufficientPoints = "insufficient_points";
    TooManyLots = "too_many_lots";
    ClaimExpired = "claim_expired";
    OwnClaim = "own_claim";
    // value
    UnitUnknown = "unit_unknown";
    UnitCodeTaken = "unit_code_taken";
    RightMissing = "right_missing";
    ReferenceConflict = "reference_conflict";
    HoldExpired = "hold_expired";
    AmountExceedsHold = "amount_exceeds_hold";
    RefundExceedsSpend = "refund_exceeds_spend";
    OwnWallet = "own_wallet";
    OwnAdjustment = "own_adjustment";
    TransfersOff = "transfers_off";
    RewardHasNoCodes = "reward_has_no_codes";
    CouponUnknown = "coupon_unknown";
    CouponUsed = "coupon_used";
    CouponExpired = "coupon_expired";
    CouponVoided = "coupon_voided";
    // activities
    ActivityConflict = "activity_conflict";
    SourceReserved = "source_reserved";
    SourceNotAllowed = "source_not_allowed";
    OwnActivity = "own_activity";
    // the service itself
    Overloaded = "overloaded";
    Unavailable = "unavailable";
    ProjectionBehind = "projection_behind";
    Internal = "internal";
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
    fn every_code_has_a_title_and_is_listed_once() {
        for code in Code::ALL {
            assert!(!code.title().is_empty(), "{code:?}");
            assert!(code.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code:?}");
            assert_eq!(Code::from_name(code.name()), Some(*code), "two codes share a name");
        }
    }
}
