-- Who asked for a reward in each edge, from the log. Moments never decrease along it, so that marks say between which
-- positions to look, and nobody asked after the last mark; the order is that of the key, so that no other plan is made.
select edge.nth, asking.ordinal
from (
    select nth, starts_at, ends_at,
           (
               select coalesce(max(position), 0)
               from (
                   select position
                   from dashboard_marks
                   where recorded_at < starts_at
                   order by recorded_at desc, position desc
                   limit 1
               ) as before
           ) as after_position,
           (
               select least(coalesce(min(position), (select max(position) from dashboard_marks)), $4)
               from (
                   select position
                   from dashboard_marks
                   where recorded_at >= ends_at
                   order by recorded_at, position
                   limit 1
               ) as beyond
           ) as through_position
    from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) as asked(nth, starts_at, ends_at)
) as edge
cross join lateral (
    select subject
    from events
    where events.position > edge.after_position
      and events.position <= edge.through_position
      and events.recorded_at >= edge.starts_at
      and events.recorded_at < edge.ends_at
      and events.aggregate_type = 'claim'
      and events.event_type = any($5)
    order by events.position
) as step
cross join lateral (
    select ordinal
    from dashboard_members
    where dashboard_members.member_id = step.subject::uuid
    limit 1
) as asking
