-- What the clock will bring next, and which process does what only one may do.

-- The windows of the campaigns, and which of their edges the log has noted.
create table campaign_windows (
    campaign_id  uuid           not null,
    starts_at    timestamptz(3) not null,
    ends_at      timestamptz(3) not null,
    opened_for   timestamptz(3),
    closed_for   timestamptz(3),
    -- an operator's end: the clock has nothing to add
    ended        boolean        not null,
    -- null when the clock has nothing more to say
    next_edge_at timestamptz(3),
    constraint campaign_windows_one_row primary key (campaign_id)
);

create index campaign_windows_by_next_edge on campaign_windows (next_edge_at) where next_edge_at is not null;

-- The pending claims alone: only they have a moment from which they are too late.
create index claims_by_expiry on claims (expires_at) where expires_at is not null;

-- Who does what only one process may do, until when.
create table leases (
    name       text        not null,
    owner      uuid        not null,
    -- counts the owners
    epoch      bigint      not null,
    expires_at timestamptz not null,
    constraint leases_one_owner primary key (name)
) with (fillfactor = 50);
