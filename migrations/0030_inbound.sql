-- Facts that other services put on Kafka: how far each partition of their topic is in the log, and which refused messages were put back.

-- The group's offsets live here and not on Kafka, so that they move in the transaction of the facts.
create table inbound_offsets (
    topic       text collate "C" not null,
    partition   integer          not null,
    -- the first message that is not taken in yet
    next_offset bigint           not null,
    -- the member of the group that was given the partition last; nobody else moves the offset
    owner       uuid             not null,
    constraint inbound_offsets_one_row primary key (topic, partition),
    -- whoever is not the owner writes a number that is none, and with it none of the facts
    constraint inbound_offsets_moved_by_their_owner check (next_offset >= 0)
);

-- Dead letters that were put back on the topic of the facts. A topic that was made anew counts its
-- messages from 0 again: the moment of a message tells it from another one of the same number.
create table dead_letters_replayed (
    topic       text collate "C" not null,
    partition   integer          not null,
    "offset"    bigint           not null,
    refused_at  timestamptz(3)   not null,
    replayed_at timestamptz(3)   not null default now(),
    constraint dead_letters_replayed_one_row primary key (topic, partition, "offset", refused_at)
);
