-- The sets of each run of steps. The order is that of the key, so that each run is looked up in it; otherwise all
-- sets would be compared with all runs.
select run.nth, run.minutes, stored.starts_at, stored.position, stored.members
from unnest($2::bigint[], $3::smallint[], $4::timestamptz[], $5::timestamptz[]) as run(nth, minutes, starts_at, ends_at)
cross join lateral (
    select starts_at, position, members
    from dashboard_sets
    where dashboard_sets.what = $1
      and dashboard_sets.minutes = run.minutes
      and dashboard_sets.starts_at >= run.starts_at
      and dashboard_sets.starts_at < run.ends_at
    order by what, minutes, starts_at, shard
) as stored
