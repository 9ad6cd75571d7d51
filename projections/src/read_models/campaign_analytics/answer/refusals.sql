-- The last count of each combination of questions. Combinations are few and their rows are many: each is looked up behind
-- the one before, and then its last row. The order is that of the key, so that no other plan is made.
with recursive combination(version, leaves) as (
    select wanted.version, first.leaves
    from unnest($2::bigint[]) as wanted(version)
    cross join lateral (
        select leaves
        from campaign_refusals
        where campaign_id = $1
          and campaign_refusals.version = wanted.version
        order by campaign_id, version, leaves
        limit 1
    ) as first
    union all
    select combination.version, next.leaves
    from combination
    cross join lateral (
        select leaves
        from campaign_refusals
        where campaign_id = $1
          and campaign_refusals.version = combination.version
          and campaign_refusals.leaves > combination.leaves
        order by campaign_id, version, leaves
        limit 1
    ) as next
)
select combination.version, combination.leaves, last.position, last.count
from combination
cross join lateral (
    select position, count
    from campaign_refusals
    where campaign_id = $1
      and campaign_refusals.version = combination.version
      and campaign_refusals.leaves = combination.leaves
      and campaign_refusals.position <= $3
    order by campaign_id desc, version desc, leaves desc, position desc
    limit 1
) as last
