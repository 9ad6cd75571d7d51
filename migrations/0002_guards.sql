-- The limits that hold across aggregates, as counters and keys that the database itself refuses to break.
-- Each row can be derived from the log; personal data is never here.

-- How many grants of a reward are left: one grant takes one, whatever its amount.
create table reward_stock (
    reward_id        uuid   not null,
    campaign_id      uuid   not null,
    quantity         bigint,
    held             bigint not null default 0,
    granted          bigint not null default 0,
    per_member_limit bigint,
    constraint reward_stock_one_row primary key (reward_id),
    constraint reward_stock_never_negative check (held + granted <= quantity),
    constraint reward_stock_given_back_once check (held >= 0 and granted >= 0)
);

-- How many grants a campaign may give over all its rewards, and has given or promised.
create table campaign_budget (
    campaign_id      uuid   not null,
    max_reward_count bigint,
    per_member_limit bigint,
    committed        bigint not null default 0,
    constraint campaign_budget_one_row primary key (campaign_id),
    constraint campaign_budget_never_exceeded check (committed <= max_reward_count),
    constraint campaign_budget_given_back_once check (committed >= 0)
);

-- How many grants of a reward a member has or is promised, over all its periods.
create table member_grants (
    member_id   uuid   not null,
    campaign_id uuid   not null,
    reward_id   uuid   not null,
    committed   bigint not null,
    constraint member_grants_one_row primary key (member_id, campaign_id, reward_id),
    constraint member_grants_given_back_once check (committed >= 0)
);

-- Names that only one thing may have, folded to lower case.
create table unique_names (
    kind     text not null,
    name_key text not null,
    owner    uuid not null,
    constraint unique_names_taken primary key (kind, name_key),
    constraint unique_names_one_a_thing unique (kind, owner)
);
