-- The last mark before each moment, and the one that follows it: what counts between the two is in one group of positions.
select asked.nth, before.position, before.recorded_at, before.counts, beyond.position as next
from unnest($1::timestamptz[]) with ordinality as asked(moment, nth)
left join lateral (
    select position, recorded_at, counts || approvals || insufficient_points as counts
    from dashboard_marks
    where dashboard_marks.recorded_at < asked.moment
      and dashboard_marks.position <= $2
    order by recorded_at desc, position desc
    limit 1
) as before on true
left join lateral (
    select position
    from dashboard_marks
    where dashboard_marks.position > coalesce(before.position, 0)
    order by position
    limit 1
) as beyond on true
