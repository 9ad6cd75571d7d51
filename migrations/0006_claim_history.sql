-- Every claim and where it stands, newest first under every filter that the API knows.

create table claims (
    claim_id          uuid           not null,
    member_id         uuid           not null,
    campaign_id       uuid           not null,
    reward_id         uuid           not null,
    period            text           not null,
    amount            bigint         not null,
    reward_type       text           not null,
    status            text           not null,
    -- why it is denied, while it is
    reason            text,
    condition_version bigint         not null,
    expires_at        timestamptz(3),
    created_position  bigint         not null,
    -- of the last event
    position          bigint         not null,
    created_at        timestamptz(3) not null,
    updated_at        timestamptz(3) not null,
    constraint claims_one_row primary key (claim_id),
    constraint claims_in_the_order_of_the_log unique (created_position)
);

create index claims_of_a_member on claims (member_id, created_position);
create index claims_in_a_campaign on claims (campaign_id, created_position);
create index claims_of_a_reward on claims (reward_id, created_position);
create index claims_in_a_status on claims (status, created_position);
create index claims_by_time on claims (created_at, created_position);
