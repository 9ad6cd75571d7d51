-- What a rule may know about a member, by member and by day: the projected part of the facts.

create table members (
    member_id        uuid           not null,
    time_zone        text           not null,
    joined_on        date           not null,
    -- a birthday without its year; absent for imported members
    birthday_month   integer,
    birthday_day     integer,
    profile_complete boolean        not null,
    blocked          boolean        not null,
    role             text           not null,
    registered_at    timestamptz(3) not null,
    constraint members_one_row primary key (member_id)
);

-- The facts of one kind on one local date. Sums are whole numbers of any size, as text.
create table member_days (
    member_id  uuid             not null,
    kind       text collate "C" not null,
    local_date date             not null,
    count      bigint           not null,
    sums       jsonb            not null,
    constraint member_days_one_row primary key (member_id, kind, local_date),
    constraint member_days_without_facts_are_no_rows check (count > 0)
);

-- The same days as runs of consecutive dates: a streak is the run that ends today or yesterday.
create table member_runs (
    member_id uuid             not null,
    kind      text collate "C" not null,
    first_on  date             not null,
    last_on   date             not null,
    constraint member_runs_one_row primary key (member_id, kind, first_on),
    constraint member_runs_go_forward check (first_on <= last_on)
);

-- The qualified referrals of an inviter, and the day each counts for.
create table member_referrals (
    member_id  uuid not null,
    invitee_id uuid not null,
    local_date date not null,
    constraint member_referrals_one_row primary key (member_id, invitee_id)
);
