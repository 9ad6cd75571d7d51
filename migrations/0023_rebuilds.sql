-- How far a projection is folded again beside the rows that serve: what resumes after a kill.

create table rebuilds (
    name       text           not null,
    version    integer        not null,
    -- up to which the tables beside are folded
    position   bigint         not null,
    -- the life of the log that is folded
    epoch      bigint         not null,
    started_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now(),
    constraint rebuilds_one_of_each primary key (name)
);
