, coupons_granted as (
    insert into coupon_grants (reward_id, number, claim_id)
    select reward_id, number, claim_id
    from {new_coupons}
    where exists (select from head)
), uses_begun as (
    insert into coupon_uses (redemption_id, claim_id, status, expires_at)
    select redemption_id, claim_id, status, expires_at
    from {new_uses}
    where exists (select from head)
), uses_gone_on as (
    update coupon_uses u
    set status = use_changes.status
    from {use_changes}
    cross join lateral (
        select ctid as place
        from coupon_uses
        where coupon_uses.redemption_id = use_changes.redemption_id
        limit 1
    ) as found
    where u.ctid = found.place and exists (select from head)
)
