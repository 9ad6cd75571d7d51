-- Every payment and where it stands, newest first. From which lots it was paid stays in the log.

create table spends (
    spend_id         uuid             not null,
    member_id        uuid             not null,
    -- the service that asked for it, and what it calls it
    caller_id        uuid             not null,
    reference        text collate "C" not null,
    unit             text collate "C" not null,
    amount           bigint           not null,
    captured         bigint           not null,
    refunded         bigint           not null,
    status           text collate "C" not null,
    -- until when the points are or were held
    expires_at       timestamptz(3),
    created_position bigint           not null,
    -- of the last event
    position         bigint           not null,
    created_at       timestamptz(3)   not null,
    updated_at       timestamptz(3)   not null,
    constraint spends_one_row primary key (spend_id),
    constraint spends_never_refunded_beyond check (refunded between 0 and captured and captured <= amount)
);

create index spends_of_a_member on spends (member_id, created_position);
create index spends_by_status on spends (status, created_position);
-- a hold is over at its instant, recorded or not
create index spends_held_until on spends (expires_at) where status = 'held';
