-- What operators fixed for campaigns and their rewards, as of a position. The order is that of the key.
select term.position, term.aggregate_id, term.event_type, term.event_version, term.payload
from unnest($1::text[]) with ordinality as wanted(campaign_id, nth)
cross join lateral (
    select position, aggregate_id, event_type, event_version, sequence, payload::text as payload
    from events
    where events.aggregate_type = 'campaign'
      and events.aggregate_id = wanted.campaign_id
      and events.position <= $2
      and events.event_type = any($3)
    order by aggregate_type, aggregate_id, sequence
) as term
order by wanted.nth, term.sequence
