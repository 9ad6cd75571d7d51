-- Every adjustment of a wallet and where it stands, newest first. Which lots it took stays in the log.
create table adjustments (
    adjustment_id    uuid             not null,
    member_id        uuid             not null,
    unit             text collate "C" not null,
    -- below zero: taken
    amount           bigint           not null,
    -- who asked for it, and why
    operator_id      uuid             not null,
    note             text             not null,
    status           text collate "C" not null,
    -- when the lot that it gave is over
    expires_at       timestamptz(3),
    -- who else decided it, and what they said
    decided_by       uuid,
    decision_note    text,
    -- of the first event
    created_position bigint           not null,
    -- of the last event, and its number in the stream
    position         bigint           not null,
    sequence         bigint           not null,
    created_at       timestamptz(3)   not null,
    updated_at       timestamptz(3)   not null,
    constraint adjustments_one_row primary key (adjustment_id),
    constraint adjustments_change_something check (amount <> 0)
);

create index adjustments_of_a_member on adjustments (member_id, created_position);
create index adjustments_by_status on adjustments (status, created_position);
