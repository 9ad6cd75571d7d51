-- A saved place on a topic says of which topic it is: one that was deleted and made again has the same name, counts its
-- messages from 0 again, and what stands before the place was never read, or never sent.

-- Of the facts that other services put on Kafka: the cluster, and a message at or before the place that is known to be of
-- this topic, by its digest. It is moved only after it was seen once more where it was, so that it is still the one of the
-- earlier topic when that was made anew under a running service. Null: a place of before this was kept, or none.
alter table inbound_offsets
    add column cluster_id    text collate "C",
    add column known_offset  bigint,
    add column known_message bytea,
    add constraint inbound_offsets_know_all_of_a_message
        check ((known_offset is null) = (known_message is null)),
    add constraint inbound_offsets_digests_are_sha256 check (octet_length(known_message) = 32);

-- Of the topic that the log is published to: where on it the last message was acknowledged, and which event that is.
create table relay_place (
    the_only_one   boolean          not null default true,
    topic          text collate "C" not null,
    cluster_id     text collate "C",
    partition      integer          not null,
    message_offset bigint           not null,
    position       bigint           not null,
    constraint relay_place_one_row primary key (the_only_one),
    constraint relay_place_is_the_only_one check (the_only_one)
);
