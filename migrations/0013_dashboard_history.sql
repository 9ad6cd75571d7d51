-- The numbers of the dashboard as of now and as of any position: what grows with the log is kept as it
-- stood at marks along the log, who did something in a span of time as a set of members.
-- They take the place of the counters of before, and are folded from the log at the next start.

drop table dashboard_counts, dashboard_campaigns, dashboard_claims, dashboard_members, dashboard_facts;

-- The counters after some events: after the last one of each quarter of an hour and of each 1,024
-- positions that moved one, so that a difference of two rows says what happened between two moments.
create table dashboard_marks (
    position    bigint         not null,
    recorded_at timestamptz(3) not null,
    -- in the order of projections/src/dashboard/counts.rs
    counts      bigint[]       not null,
    constraint dashboard_marks_one_row primary key (position)
);

create index dashboard_marks_by_time on dashboard_marks (recorded_at, position);

-- A campaign after each of its steps.
create table dashboard_campaigns (
    campaign_id      uuid           not null,
    position         bigint         not null,
    created_position bigint         not null,
    name             text           not null,
    run              text           not null,
    starts_at        timestamptz(3) not null,
    ends_at          timestamptz(3) not null,
    -- when an operator ended it, if one did
    ended_at         timestamptz(3),
    constraint dashboard_campaigns_one_row primary key (campaign_id, position)
);

-- A reward after each change of its stock.
create table dashboard_rewards (
    reward_id   uuid   not null,
    position    bigint not null,
    campaign_id uuid   not null,
    reward_type text   not null,
    quantity    bigint,
    constraint dashboard_rewards_one_row primary key (reward_id, position)
);

-- What of a reward was held and granted after the last of each 1,024 positions that changed it.
create table dashboard_grants (
    reward_id uuid   not null,
    position  bigint not null,
    held      bigint not null,
    granted   bigint not null,
    -- what the grants that stand hand out together
    amount    bigint not null,
    constraint dashboard_grants_one_row primary key (reward_id, position)
);

create table dashboard_members (
    member_id            uuid    not null,
    -- a small number in the order of the log: what sets of members are made of
    ordinal              integer not null,
    -- null before somebody registers under the id, and after an erasure
    registered_at        timestamptz(3),
    -- registered, role USER, not erased
    counted              boolean not null,
    first_claim_position bigint,
    constraint dashboard_members_one_row primary key (member_id),
    constraint dashboard_members_in_the_order_of_the_log unique (ordinal)
);

-- Each time somebody began or ceased to count as a member.
create table dashboard_memberships (
    position      bigint         not null,
    member        integer        not null,
    registered_at timestamptz(3) not null,
    -- 1 or -1
    change        smallint       not null,
    -- not the registration itself: a change of role, or an erasure
    corrects      boolean        not null,
    constraint dashboard_memberships_one_row primary key (position)
);

create index dashboard_memberships_by_time on dashboard_memberships (registered_at) include (position, change)
    where not corrects;
create index dashboard_memberships_corrected on dashboard_memberships (registered_at) include (position, change)
    where corrects;

-- Every fact (1) and every withdrawal of one (-1), by the moment at which it happened.
create table dashboard_facts (
    occurred_at timestamptz(3) not null,
    position    bigint         not null,
    member      integer        not null,
    change      smallint       not null,
    constraint dashboard_facts_one_row primary key (occurred_at, position)
);

-- The members who did something in a span of UTC: of a quarter of an hour, an hour or a day, so that
-- any span of any zone is put together from few of them. A set of ordinals as a roaring bitmap,
-- in shards of 65,536 ordinals.
create table dashboard_sets (
    -- active: has a fact; asking: asked for a reward; counted: counts as a member (no span: 0 minutes)
    what      text collate "C" not null,
    minutes   smallint         not null,
    starts_at timestamptz(3)   not null,
    shard     integer          not null,
    -- of the last event that had to do with it: as of then, or later, it is right as it stands
    position  bigint           not null,
    members   bytea            not null,
    constraint dashboard_sets_one_row primary key (what, minutes, starts_at, shard)
);

-- a bitmap does not compress
alter table dashboard_sets alter column members set storage external;

-- The first position that was recorded at a moment or after it; one beyond the log when there is none.
-- Moments never decrease along the log and positions have no holes, so that halving finds it.
create function first_position_since(moment timestamptz) returns bigint language plpgsql stable as $$
declare
    low  bigint := 1;
    high bigint := (select position + 1 from log_head);
    half bigint;
begin
    while low < high loop
        half := (low + high) / 2;
        if (select recorded_at < moment from events where position = half) then
            low := half + 1;
        else
            high := half;
        end if;
    end loop;
    return low;
end
$$;
