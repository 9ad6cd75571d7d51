-- The codes of rewards, encrypted, and found by their keyed digest. They are not derived from the log, which has the root over
-- their digests in order.
create table coupon_codes (
    batch_id  uuid    not null,
    -- the n-th grant of the reward has the n-th code
    number    bigint  not null,
    reward_id uuid    not null,
    digest    bytea   not null,
    encrypted bytea   not null,
    -- nobody gets it; the row stays, since the root of its batch is over it as well
    withdrawn boolean not null default false,
    constraint coupon_codes_one_row primary key (batch_id, number),
    constraint coupon_codes_from_one check (number > 0),
    constraint coupon_codes_digests_are_sha256 check (octet_length(digest) = 32)
);

create unique index coupon_codes_one_of_a_number on coupon_codes (reward_id, number) where not withdrawn;
-- unique over all rewards
create unique index coupon_codes_one_of_each on coupon_codes (digest) where not withdrawn;
