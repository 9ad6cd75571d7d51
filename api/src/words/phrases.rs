//! Everything that is said and is no title of a problem: one line each, with what it is filled with.
//! The words are in `messages/*.ftl`.

use super::{Arg, Said};

macro_rules! phrases {
    ($( $name:ident $( ( $($arg:ident),+ ) )? = $id:literal; )+) => {
        $(
            #[doc = concat!("`", $id, "`")]
            #[must_use]
            pub fn $name($( $($arg: impl Into<Arg>),+ )?) -> Said {
                Said::new($id, vec![$( $((stringify!($arg), $arg.into())),+ )?])
            }
        )+

        /// All of them: the id, and what it is filled with.
        pub const ALL: &[(&str, &[&str])] = &[$( ($id, &[$( $(stringify!($arg)),+ )?]) ),+];
    };
}

phrases! {
    // what a title does not say
    not_json_at(line, column) = "detail-not-json-at";
    nul = "detail-nul";
    body_too_slow = "detail-body-too-slow";
    took_too_long = "detail-took-too-long";
    database_away = "detail-database-away";
    // messages of answers that are no problem
    claims = "message-claims";
    claim_granted = "message-claim-granted";
    claim_pending = "message-claim-pending";
    claim_approved = "message-claim-approved";
    claim_rejected = "message-claim-rejected";
    claim_fulfilled = "message-claim-fulfilled";
    claim_fulfilment_failed = "message-claim-fulfilment-failed";
    claim_reversed = "message-claim-reversed";
    rewards = "message-rewards";
    reward = "message-reward";
    reward_created = "message-reward-created";
    reward_changed = "message-reward-changed";
    you = "message-you";
    profile_changed = "message-profile-changed";
    role_changed = "message-role-changed";
    member_blocked = "message-member-blocked";
    member_unblocked = "message-member-unblocked";
}
