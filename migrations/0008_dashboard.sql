-- The numbers of the dashboard: counters of what is counted for all time, rows for what a window cuts.

create table dashboard_counts (
    what  text   not null,
    label text   not null,
    count bigint not null,
    constraint dashboard_counts_one_row primary key (what, label)
);

create table dashboard_campaigns (
    campaign_id uuid           not null,
    run         text           not null,
    starts_at   timestamptz(3) not null,
    ends_at     timestamptz(3) not null,
    constraint dashboard_campaigns_one_row primary key (campaign_id)
);

-- The current status of each claim: a step says where a claim goes, not where it comes from.
create table dashboard_claims (
    claim_id uuid not null,
    status   text not null,
    constraint dashboard_claims_one_row primary key (claim_id)
);

create table dashboard_members (
    member_id     uuid           not null,
    -- null until somebody registers under the id
    registered_at timestamptz(3),
    -- registered, role USER, not erased
    counted       boolean        not null,
    claimed       boolean        not null,
    constraint dashboard_members_one_row primary key (member_id)
);

create index dashboard_members_by_time on dashboard_members (registered_at) where counted;

-- How many facts a member has at one instant: small, and exact for any window.
create table dashboard_facts (
    occurred_at timestamptz(3) not null,
    member_id   uuid           not null,
    facts       bigint         not null,
    constraint dashboard_facts_one_row primary key (occurred_at, member_id)
);
