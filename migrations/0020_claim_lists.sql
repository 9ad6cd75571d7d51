-- Fewer indexes on claims, since each costs every claim and every step of one, and each list served by one of them:
-- a member's claims, those of a reward by status, all of them by status. Lists of several statuses, and of a
-- campaign's rewards, walk each newest first and merge.

drop index claims_in_a_campaign, claims_of_a_reward, claims_in_a_status, claims_by_time;
alter table claims drop constraint claims_in_the_order_of_the_log;

create index claims_of_a_reward_by_status on claims (reward_id, status, created_position);
create index claims_by_status on claims (status, created_position);

-- The rewards that were ever claimed, by campaign.
create table claimed_rewards (
    reward_id   uuid not null,
    campaign_id uuid not null,
    constraint claimed_rewards_one_row primary key (reward_id)
);

create index claimed_rewards_of_a_campaign on claimed_rewards (campaign_id);

insert into claimed_rewards (reward_id, campaign_id)
select distinct reward_id, campaign_id from claims;
