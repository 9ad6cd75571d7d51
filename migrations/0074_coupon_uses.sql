-- The uses of coupons: a caller's reference stands for one of them, over all coupons. Written by the append itself.
create table coupon_uses (
    redemption_id uuid           not null,
    -- the stream of the coupon
    claim_id      uuid           not null,
    status        text           not null,
    -- of a use that was held
    expires_at    timestamptz(3),
    constraint coupon_uses_one_row primary key (redemption_id),
    constraint coupon_uses_status check (status in ('held', 'captured', 'released', 'expired', 'rolled_back')),
    constraint coupon_uses_held_until check (status <> 'held' or expires_at is not null)
);

create index coupon_uses_by_end_of_hold on coupon_uses (expires_at) where status = 'held';
