, acts as (
    insert into daily_acts (kind, actor, unit, day, number, amount)
    select kind, actor, unit, day, number, amount
    from {new_acts}
    where exists (select from head)
)
