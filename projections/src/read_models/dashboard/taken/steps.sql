-- The steps of claims in pieces of the log that are shorter than a minute and than a group of positions. The order is that
-- of the key, so that no other plan is made.
select piece.nth, step.position, step.event_type, step.event_version, step.payload
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[])
    as piece(nth, after_position, through_position, starts_at, ends_at)
cross join lateral (
    select position, event_type, event_version, payload::text as payload
    from events
    where events.position > piece.after_position
      and events.position <= piece.through_position
      and events.recorded_at >= piece.starts_at
      and events.recorded_at < piece.ends_at
      and events.event_type = any($6)
    order by events.position
) as step
