-- What one event gave to a wallet, and what is left of it. A grant inserts one row and reads none; whatever is paid, taken
-- back or ended is taken from here, and cannot be taken twice.
create table wallet_lots (
    member_id      uuid             not null,
    unit           text collate "C" not null,
    lot_id         uuid             not null,
    amount         bigint           not null,
    -- neither used, nor held, nor over
    free           bigint           not null,
    -- ended unused
    expired        bigint           not null default 0,
    available_from timestamptz(3)   not null,
    expires_at     timestamptz(3),
    -- of the event that gave it: its age
    position       bigint           not null,
    constraint wallet_lots_one_row primary key (member_id, unit, lot_id),
    constraint wallet_lots_never_negative check (free >= 0 and expired >= 0),
    constraint wallet_lots_never_more_than_given check (free + expired <= amount)
);
