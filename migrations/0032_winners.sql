-- Claims that are denied now and were something else before: among those who held a reward's stock at some position
-- there may be some of them. Whoever was only ever denied costs nothing here.

create index claims_denied_after_more on claims (reward_id, created_position)
    where status = 'denied' and position > created_position;
