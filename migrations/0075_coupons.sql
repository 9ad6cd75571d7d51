-- The coupons of members, newest first. Their codes are elsewhere, and single uses stay in the log.
create table coupons (
    coupon_id        uuid           not null,
    member_id        uuid           not null,
    reward_id        uuid           not null,
    campaign_id      uuid           not null,
    expires_at       timestamptz(3),
    max_uses         bigint         not null,
    bound            boolean        not null,
    -- made or promised
    uses             bigint         not null,
    voided           boolean        not null,
    created_position bigint         not null,
    -- of the last event
    position         bigint         not null,
    created_at       timestamptz(3) not null,
    updated_at       timestamptz(3) not null,
    constraint coupons_one_row primary key (coupon_id),
    constraint coupons_never_used_too_often check (uses between 0 and max_uses)
);

create index coupons_of_a_member on coupons (member_id, created_position);
