-- What was answered under an idempotency key, written in the transaction of what it tells of, so that asking again
-- gives the same answer whatever happened in between. Rows older than a day are taken away.

create table stored_answers (
    -- whose key it is: a member id, or what stands for somebody who has none yet
    caller      text collate "C" not null,
    key         text collate "C" not null,
    -- of the request that was answered: another one under the key is refused
    fingerprint bytea            not null,
    -- status, headers and body as they were sent
    answer      bytea            not null,
    stored_at   timestamptz(3)   not null,
    constraint stored_answers_one_a_key primary key (caller, key),
    constraint stored_answers_fingerprints_are_sha256 check (octet_length(fingerprint) = 32)
);

create index stored_answers_by_age on stored_answers (stored_at);
