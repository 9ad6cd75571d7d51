-- What members have of each unit, for whoever reads it: folded from the log. The rows that decide are the guards of
-- 0057 to 0059, which the append itself writes.

-- Each lot, used up or not.
create table wallets_lots (
    member_id      uuid             not null,
    unit           text collate "C" not null,
    lot_id         uuid             not null,
    amount         bigint           not null,
    free           bigint           not null,
    expired        bigint           not null,
    available_from timestamptz(3)   not null,
    expires_at     timestamptz(3),
    -- of the event that gave it
    position       bigint           not null,
    constraint wallets_lots_one_row primary key (member_id, unit, lot_id),
    constraint wallets_lots_never_more_than_given check (free >= 0 and expired >= 0 and free + expired <= amount)
);

-- The promises that have not ended.
create table wallets_holds (
    member_id  uuid             not null,
    unit       text collate "C" not null,
    hold_id    uuid             not null,
    -- 'spend' or 'claim': whose id it is
    held_by    text             not null,
    expires_at timestamptz(3)   not null,
    -- in the order in which they were taken
    lots       uuid[]           not null,
    amounts    bigint[]         not null,
    constraint wallets_holds_one_row primary key (hold_id)
);

create index wallets_holds_of_a_member on wallets_holds (member_id, unit);

-- What moved, event by event, and what the member had behind it; what it was is in the event itself.
create table wallets_entries (
    member_id  uuid             not null,
    unit       text collate "C" not null,
    position   bigint           not null,
    -- by how much the balance changed: what is held, or settles a debt, stays the member's
    amount     bigint           not null,
    -- all that is the member's, less what they owe
    balance    bigint           not null,
    held       bigint           not null,
    receivable bigint           not null,
    constraint wallets_entries_one_row primary key (member_id, unit, position),
    constraint wallets_entries_never_negative check (held >= 0 and balance - held - receivable >= 0),
    constraint wallets_entries_owe_or_do_not check (receivable <= 0)
);
