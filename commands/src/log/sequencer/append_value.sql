, lots_given as (
    insert into wallet_lots (member_id, unit, lot_id, amount, free, expired, available_from, expires_at, position)
    select member_id, unit, lot_id, amount, free, expired, available_from, expires_at, position
    from {new_lots}
    where exists (select from head)
), lots_moved as (
    update wallet_lots l
    set free = l.free + lot_changes.free, expired = l.expired + lot_changes.expired
    from {lot_changes}
    cross join lateral (
        select ctid as place
        from wallet_lots
        where wallet_lots.member_id = lot_changes.member_id
          and wallet_lots.unit = lot_changes.unit
          and wallet_lots.lot_id = lot_changes.lot_id
        limit 1
    ) as found
    where l.ctid = found.place and exists (select from head)
), holds_begun as (
    insert into wallet_holds (hold_id, held_by, member_id, unit, expires_at, lots, amounts)
    select hold_id, held_by, member_id, unit, expires_at, lots::uuid[], amounts::bigint[]
    from {new_holds}
    where exists (select from head)
), holds_ended as (
    delete from wallet_holds h
    using {ended_holds}
    cross join lateral (
        select ctid as place
        from wallet_holds
        where wallet_holds.hold_id = ended_holds.hold_id
        limit 1
    ) as found
    where h.ctid = found.place and exists (select from head)
), owed_more as (
    insert into wallet_debts as d (member_id, unit, owed)
    select member_id, unit, owed
    from {debt_changes}
    where owed > 0 and exists (select from head)
    on conflict (member_id, unit) do update
    set owed = d.owed + excluded.owed
), owed_less as (
    update wallet_debts d
    set owed = d.owed + debt_changes.owed
    from {debt_changes}
    cross join lateral (
        select ctid as place
        from wallet_debts
        where wallet_debts.member_id = debt_changes.member_id and wallet_debts.unit = debt_changes.unit
        limit 1
    ) as found
    where d.ctid = found.place and debt_changes.owed < 0 and exists (select from head)
), spent as (
    update value_spent v
    set amount = v.amount + spent_changes.amount
    from {spent_changes}
    cross join lateral (
        select ctid as place
        from value_spent
        where value_spent.ctid = spent_changes.place::tid
          and value_spent.scope = spent_changes.scope
          and value_spent.unit = spent_changes.unit
          and value_spent.day = spent_changes.day
        union all
        select ctid
        from value_spent
        where value_spent.scope = spent_changes.scope
          and value_spent.unit = spent_changes.unit
          and value_spent.day = spent_changes.day
        limit 1
    ) as found
    where v.ctid = found.place and exists (select from head)
    returning spent_changes.number, v.ctid::text as place
), spent_first as (
    insert into value_spent (scope, unit, day, amount)
    select scope, unit, day, amount
    from {spent_changes}
    where number not in (select number from spent) and exists (select from head)
)
