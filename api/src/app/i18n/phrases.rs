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
    too_deep(depth) = "detail-too-deep";
    not_decodable(encoding) = "detail-not-decodable";
    body_too_slow = "detail-body-too-slow";
    codes_are_a_table = "detail-codes-are-a-table";
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
    // why a claim stands where it stands
    explain_needed(what, have) = "explain-needed";
    explain_unwanted(what, have) = "explain-unwanted";
    explain_yes = "explain-yes";
    explain_no = "explain-no";
    explain_streak(days, kind) = "explain-streak";
    explain_active_days(days, kind) = "explain-active-days";
    explain_any_active_days(days) = "explain-any-active-days";
    explain_count(count, kind) = "explain-count";
    explain_total(total, measure, kind) = "explain-total";
    explain_referrals(count) = "explain-referrals";
    explain_profile = "explain-profile";
    explain_birthday = "explain-birthday";
    explain_anniversary = "explain-anniversary";
    explain_expression(expression) = "explain-expression";
    explain_joined = "explain-joined";
    explain_within(what, days) = "explain-within";
    explain_since(what, date) = "explain-since";
    explain_until(what, date) = "explain-until";
    explain_since_event_start(what) = "explain-since-event-start";
    explain_more_in_a_row(more, kind) = "explain-more-in-a-row";
    explain_more_days(more, kind) = "explain-more-days";
    explain_more_days_of_any(more) = "explain-more-days-of-any";
    explain_more_times(more, kind) = "explain-more-times";
    explain_more_in_total(more, measure, kind) = "explain-more-in-total";
    explain_more_referrals(more) = "explain-more-referrals";
    explain_complete_profile = "explain-complete-profile";
    explain_open_profile = "explain-open-profile";
    explain_wait(what) = "explain-wait";
    explain_let_pass(what) = "explain-let-pass";
    explain_granted = "explain-granted";
    explain_approved(actor) = "explain-approved";
    explain_pending(until) = "explain-pending";
    explain_expired(at) = "explain-expired";
    explain_rejected(actor) = "explain-rejected";
    explain_withdrawn = "explain-withdrawn";
    explain_fulfilled(actor) = "explain-fulfilled";
    explain_fulfilment_failed(actor) = "explain-fulfilment-failed";
    explain_reversed(actor) = "explain-reversed";
    explain_blocked = "explain-blocked";
    explain_not_started(at) = "explain-not-started";
    explain_paused = "explain-paused";
    explain_over(at) = "explain-over";
    explain_ended = "explain-ended";
    explain_unmet = "explain-unmet";
    explain_limit_of_reward(limit) = "explain-limit-of-reward";
    explain_limit_of_event(limit) = "explain-limit-of-event";
    explain_limits(reward, event) = "explain-limits";
    explain_budget(winners, position) = "explain-budget";
    explain_no_budget = "explain-no-budget";
    explain_budget_of_event(unit, period, amount, committed, need) = "explain-budget-of-event";
    explain_budget_of_programme(unit, period, amount, committed, need) = "explain-budget-of-programme";
    explain_sold_out(winners, position) = "explain-sold-out";
    explain_no_stock = "explain-no-stock";
    explain_too_few_points(unit, need, have) = "explain-too-few-points";
    explain_price_held(amount, unit) = "explain-price-held";
    explain_price_paid(amount, unit) = "explain-price-paid";
    explain_price_given_back(amount, unit) = "explain-price-given-back";
    explain_credited(amount, unit, from) = "explain-credited";
    explain_credited_until(amount, unit, from, until) = "explain-credited-until";
    explain_coupon = "explain-coupon";
    explain_coupon_until(until) = "explain-coupon-until";
    explain_coupon_voided = "explain-coupon-voided";
    explain_taken_back(taken, unit, owed, written_off) = "explain-taken-back";
    explain_step_denied(reason) = "explain-step-denied";
    explain_step_pending = "explain-step-pending";
    explain_step_granted = "explain-step-granted";
    explain_step_approved(actor) = "explain-step-approved";
    explain_step_rejected(actor) = "explain-step-rejected";
    explain_step_expired = "explain-step-expired";
    explain_step_withdrawn = "explain-step-withdrawn";
    explain_step_fulfilled(actor) = "explain-step-fulfilled";
    explain_step_fulfilment_failed(actor) = "explain-step-fulfilment-failed";
    explain_step_reversed(actor) = "explain-step-reversed";
    explain_step_credited = "explain-step-credited";
}
