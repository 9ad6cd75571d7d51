-- What a follower does about an event that it cannot take in, and what humans decided about it.

-- A follower that stopped stays where it is until somebody has it try again or leave the event out.
alter table checkpoints
    add column state text not null default 'following',
    add column trouble_position bigint,
    add column trouble text,
    add constraint checkpoints_state_is_known check (state in ('following', 'stopped'));

-- Streams that a follower leaves aside from one event on, while it goes on with all others.
create table parked_streams (
    follower    text           not null,
    stream_type text           not null,
    stream_id   text           not null,
    -- of the event that could not be taken in
    position    bigint         not null,
    reason      text           not null,
    parked_at   timestamptz(3) not null default now(),
    constraint parked_streams_once primary key (follower, stream_type, stream_id)
);

-- Who had a follower try again or leave an event out, and why. An event that was left out stays so
-- when the follower folds again from the first position.
create table interventions (
    number   bigint generated always as identity,
    follower text           not null,
    step     text           not null,
    position bigint         not null,
    reason   text           not null,
    actor    text           not null,
    at       timestamptz(3) not null default now(),
    constraint interventions_one_row primary key (number),
    constraint interventions_step_is_known check (step in ('retry', 'skip')),
    constraint interventions_have_a_reason check (reason <> '')
);

create index interventions_of_a_follower on interventions (follower, step);
