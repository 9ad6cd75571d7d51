-- What became of the claims of each campaign and how its rule judged them, as of now and as of any position.

-- Each step of a claim, as far as it is counted. What a campaign's counters say after a mark is added up from here.
create table campaign_steps (
    campaign_id uuid           not null,
    position    bigint         not null,
    recorded_at timestamptz(3) not null,
    -- the step, and why it was a refusal, in the order of projections/src/read_models/campaign_analytics/counts.rs
    step        smallint       not null,
    reason      smallint,
    -- by how much the members changed who asked, who claimed, and who have a grant
    asked       smallint       not null,
    claimed     smallint       not null,
    granted     smallint       not null,
    -- which version of the condition judged, whether it was met, and which of its questions: the lowest bit is the first
    version     bigint,
    met         boolean,
    leaves      bigint,
    -- under which row of campaign_refusals it is counted, where the condition refused it
    refusal     bigint,
    constraint campaign_steps_one_row primary key (campaign_id, position)
);

-- The counters of a campaign after the last of each 256 of its steps, and after the last of each quarter of an hour.
create table campaign_marks (
    campaign_id uuid           not null,
    position    bigint         not null,
    -- the first step since the mark before
    since       bigint         not null,
    recorded_at timestamptz(3) not null,
    -- in the order of counts.rs
    counts      bigint[]       not null,
    constraint campaign_marks_one_row primary key (campaign_id, position)
);

create index campaign_marks_by_time on campaign_marks (campaign_id, recorded_at, position);

-- What a version of a condition has judged, after its last attempt before each mark.
create table campaign_judgements (
    campaign_id uuid     not null,
    version     bigint   not null,
    position    bigint   not null,
    attempts    bigint   not null,
    met         bigint   not null,
    -- refused because the condition was not met
    refused     bigint   not null,
    -- how many rows of campaign_refusals there are of it
    refusals    bigint   not null,
    -- how often each of its questions was met, in reading order
    leaves      bigint[] not null,
    constraint campaign_judgements_one_row primary key (campaign_id, version, position)
);

-- The attempts that a version refused, by which of its questions were met: -1 where there are too many combinations.
create table campaign_refusals (
    campaign_id uuid   not null,
    version     bigint not null,
    leaves      bigint not null,
    position    bigint not null,
    count       bigint not null,
    constraint campaign_refusals_one_row primary key (campaign_id, version, leaves, position)
);

-- Who asked for a reward of a campaign: what the steps above say of them by now.
create table campaign_claimants (
    campaign_id uuid    not null,
    member_id   uuid    not null,
    -- was granted or promised one, whatever became of it
    claimed     boolean not null,
    -- grants that stand
    granted     bigint  not null,
    constraint campaign_claimants_one_row primary key (campaign_id, member_id)
);
