-- What of each reward was held and granted at each bound: the last row before it. The order is that of the index.
select reward.nth as reward, bound.nth as bound, last.held, last.granted, last.amount, last.grant_steps
from unnest($1::uuid[]) with ordinality as reward(reward_id, nth)
cross join unnest($2::timestamptz[], $3::bigint[]) with ordinality as bound(recorded_at, position, nth)
cross join lateral (
    select held, granted, amount, grant_steps
    from dashboard_grants
    where dashboard_grants.reward_id = reward.reward_id
      and (dashboard_grants.recorded_at, dashboard_grants.position) < (bound.recorded_at, bound.position)
    order by reward_id desc, recorded_at desc, position desc
    limit 1
) as last
