-- How many steps of each kind there are in pieces of the log that are shorter than a group of positions. The order is that
-- of the key, so that no other plan is made.
select piece.nth, step.event_type, count(*)
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[])
    as piece(nth, after_position, through_position, ends_at)
cross join lateral (
    select event_type
    from events
    where events.position > piece.after_position
      and events.position <= piece.through_position
      and events.recorded_at < piece.ends_at
      and events.aggregate_type = 'claim'
    order by events.position
) as step
group by piece.nth, step.event_type
