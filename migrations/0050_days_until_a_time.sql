-- What stood at any moment of an earlier day: how many claims operators had approved, beside the other counters, and how
-- many members there were, and of them with a claim, after each event that changed one of the two.

alter table dashboard_marks add column approvals bigint not null default 0;

create table dashboard_participation (
    position     bigint         not null,
    recorded_at  timestamptz(3) not null,
    members      bigint         not null,
    participants bigint         not null,
    constraint dashboard_participation_one_row primary key (position)
);

create index dashboard_participation_by_time on dashboard_participation (recorded_at, position);
