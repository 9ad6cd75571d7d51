-- Who brought whom, and what became of it.

create table referrals (
    invitee_id       uuid           not null,
    inviter_id       uuid           not null,
    status           text           not null,
    created_position bigint         not null,
    created_at       timestamptz(3) not null,
    qualified_at     timestamptz(3),
    qualified_on     date,
    constraint referrals_one_inviter_for_ever primary key (invitee_id),
    constraint referrals_in_the_order_of_the_log unique (created_position)
);

create index referrals_of_an_inviter on referrals (inviter_id, created_position);
create index referrals_in_a_status on referrals (status, created_position);
