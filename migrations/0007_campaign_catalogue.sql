-- The campaigns and their rewards as members and operators see them.

create table campaigns (
    campaign_id           uuid           not null,
    name                  text           not null,
    description           text,
    starts_at             timestamptz(3) not null,
    ends_at               timestamptz(3) not null,
    frequency             text           not null,
    time_zone             text           not null,
    approval              text           not null,
    max_reward_count      bigint,
    per_member_limit      bigint,
    pending_expires_after text           not null,
    -- the tree as the API shows it
    condition             json           not null,
    condition_version     bigint         not null,
    -- what the operator decided; the clock decides the rest
    run                   text           not null,
    -- of the stream: the entity tag
    sequence              bigint         not null,
    created_position      bigint         not null,
    position              bigint         not null,
    created_at            timestamptz(3) not null,
    constraint campaigns_one_row primary key (campaign_id),
    constraint campaigns_in_the_order_of_the_log unique (created_position)
);

create table rewards (
    reward_id        uuid           not null,
    campaign_id      uuid           not null,
    name             text           not null,
    description      text,
    reward_type      text           not null,
    amount           bigint         not null,
    quantity         bigint,
    per_member_limit bigint,
    held             bigint         not null,
    granted          bigint         not null,
    created_position bigint         not null,
    created_at       timestamptz(3) not null,
    constraint rewards_one_row primary key (reward_id),
    constraint rewards_in_the_order_of_the_log unique (created_position)
);

create index rewards_of_a_campaign on rewards (campaign_id, created_position);
