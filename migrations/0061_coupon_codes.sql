-- The codes of rewards, encrypted and found by their keyed digest. They are not derived from the log, which has the root over
-- their digests; which of them a grant has is.
create table coupon_codes (
    reward_id uuid   not null,
    -- the n-th grant has the n-th code
    number    bigint not null,
    batch_id  uuid   not null,
    digest    bytea  not null,
    encrypted bytea  not null,
    constraint coupon_codes_one_row primary key (reward_id, number),
    constraint coupon_codes_one_of_each unique (digest),
    constraint coupon_codes_digests_are_sha256 check (octet_length(digest) = 32)
);

-- Which grant is the n-th of its reward.
create table coupon_grants (
    reward_id uuid   not null,
    number    bigint not null,
    claim_id  uuid   not null,
    constraint coupon_grants_one_row primary key (reward_id, number)
);

-- The uses of coupons: a caller's reference stands for one of them.
create table coupon_uses (
    redemption_id uuid not null,
    claim_id      uuid not null,
    status        text not null,
    constraint coupon_uses_one_row primary key (redemption_id)
);

create index coupon_uses_of_a_coupon on coupon_uses (claim_id);
