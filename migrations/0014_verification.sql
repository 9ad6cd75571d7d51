-- The last verification that was asked for, so that every instance can tell how it went. It is not derived
-- from the log, and nothing is decided by it.

create table verification (
    the_only_one boolean        not null default true,
    started_at   timestamptz(3) not null,
    -- as it is answered; its finishedAt is null while it runs
    result       json           not null,
    constraint verification_one_row primary key (the_only_one),
    constraint verification_is_the_only_one check (the_only_one)
);
