-- Who has a fact in each edge, from single facts. The order is that of the key, so that no other plan is made.
select edge.nth, active.member
from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) as edge(nth, starts_at, ends_at)
cross join lateral (
    select fact.member
    from (
        select member, change
        from dashboard_facts
        where occurred_at >= edge.starts_at
          and occurred_at < edge.ends_at
          and position <= $4
        order by occurred_at, position
    ) as fact
    group by fact.member
    having sum(fact.change) > 0
) as active
