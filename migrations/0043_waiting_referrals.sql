-- When the condition of each pending referral is looked at next without a new fact: time alone may fulfil it.

create table waiting_referrals (
    invitee_id     uuid   not null,
    -- null where time alone changes nothing
    wakes_at       timestamptz(3),
    -- the condition and the time zone rules by which that was found
    judged_by      text   not null,
    -- who has seen fewer facts does not overwrite
    facts_position bigint not null,
    constraint waiting_referrals_one_row primary key (invitee_id)
);

create index waiting_referrals_by_moment on waiting_referrals (wakes_at) where wakes_at is not null;
