-- Which grant is the n-th of its reward: it has the n-th code. Written by the append itself.
create table coupon_grants (
    reward_id uuid   not null,
    number    bigint not null,
    claim_id  uuid   not null,
    constraint coupon_grants_one_row primary key (reward_id, number),
    constraint coupon_grants_one_of_a_claim unique (claim_id),
    constraint coupon_grants_from_one check (number > 0)
);
