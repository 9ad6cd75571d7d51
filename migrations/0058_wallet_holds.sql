-- Points that are promised to a payment or to a claim with a price: the row goes when the promise ends, so that it ends once.
create table wallet_holds (
    member_id  uuid             not null,
    unit       text collate "C" not null,
    hold_id    uuid             not null,
    -- 'spend' or 'claim': whose id it is
    held_by    text             not null,
    expires_at timestamptz(3)   not null,
    -- in the order in which they were taken
    lots       uuid[]           not null,
    amounts    bigint[]         not null,
    constraint wallet_holds_one_row primary key (hold_id),
    constraint wallet_holds_by_a_spend_or_a_claim check (held_by in ('spend', 'claim')),
    constraint wallet_holds_of_lots check (cardinality(lots) = cardinality(amounts) and cardinality(lots) > 0)
);

create index wallet_holds_of_a_wallet on wallet_holds (member_id, unit);
