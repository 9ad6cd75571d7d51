-- The log: every event in one total order, as the very bytes that were hashed. Nothing in it ever changes.

create table events (
    position       bigint         not null,
    event_id       uuid           not null,
    -- the seven columns that postgres-es reads
    aggregate_type text collate "C" not null,
    aggregate_id   text collate "C" not null,
    sequence       bigint         not null,
    event_type     text collate "C" not null,
    event_version  text collate "C" not null,
    payload        json           not null,
    metadata       json           not null,
    -- whom the event concerns: the key it is published under
    subject        text collate "C" not null,
    -- by the clock of its source, and by the clock of the log, which never goes back
    occurred_at    timestamptz(3) not null,
    recorded_at    timestamptz(3) not null,
    command_id     uuid           not null,
    -- the first event of its command: the others follow it without a gap
    opens_command  boolean        not null,
    actor          text collate "C" not null,
    correlation_id uuid           not null,
    causation_id   uuid,
    epoch          bigint         not null,
    previous_hash  bytea          not null,
    hash           bytea          not null,
    constraint events_position primary key (position),
    constraint events_one_of_each_step unique (aggregate_id, aggregate_type, sequence),
    constraint events_position_starts_at_one check (position > 0),
    constraint events_sequence_starts_at_one check (sequence > 0),
    constraint events_hashes_are_sha256 check (octet_length(previous_hash) = 32 and octet_length(hash) = 32)
);

-- A command takes effect once, and its outcome can be looked up after a lost connection.
create unique index events_one_of_each_command on events (command_id) where opens_command;

-- The facts about one subject in order: what a claim folds on top of the projected ones.
-- Claims and campaigns are no facts, so that they do not pay for this index.
create index events_facts_of_a_subject on events (subject, position)
    where aggregate_type in ('member', 'activity', 'referral');

-- Where the log ends. Only the sequencer locks this row, and whoever holds it is the only writer.
create table log_head (
    the_only_one      boolean        not null default true,
    position          bigint         not null,
    hash              bytea          not null,
    recorded_at       timestamptz(3) not null,
    -- counts the lives of the log: it grows when the database was restored from a copy
    epoch             bigint         not null,
    system_identifier text,
    timeline          bigint,
    constraint log_head_one_row primary key (the_only_one),
    constraint log_head_is_the_only_one check (the_only_one)
);

insert into log_head (position, hash, recorded_at, epoch)
values (0, decode(repeat('00', 32), 'hex'), '1970-01-01T00:00:00Z', 1);

create function refuse_to_change_the_log() returns trigger language plpgsql as $$
begin
    raise exception 'the log is append-only: % is refused', tg_op using errcode = 'restrict_violation';
end
$$;

create trigger events_are_never_changed before update or delete on events
    for each statement execute function refuse_to_change_the_log();
create trigger events_are_never_truncated before truncate on events
    for each statement execute function refuse_to_change_the_log();

revoke update, delete, truncate on events from public;
revoke update, delete, truncate on events from current_user;
