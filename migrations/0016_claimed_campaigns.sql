-- Whether anybody ever claimed in a campaign, granted or not: from then on its periods stay as they are.

alter table campaign_budget add column claimed boolean not null default false;

update campaign_budget
set claimed = true
where campaign_id in (
    select (payload -> 'about' ->> 'eventId')::uuid from events where aggregate_type = 'claim'
);
