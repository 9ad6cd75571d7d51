-- Signed checkpoints of the log as they were made, once an hour and at each verification. The key that signs them is in
-- no table: whoever can rewrite the log cannot sign what it says then.

create table audit_checkpoints (
    number    bigint generated always as identity,
    position  bigint         not null,
    root_hash bytea          not null,
    made_at   timestamptz(3) not null default now(),
    -- of the key that signed it, in hexadecimal
    key_id    text           not null,
    note      text           not null,
    constraint audit_checkpoints_one_row primary key (number),
    constraint audit_checkpoints_once_a_key unique (position, key_id),
    constraint audit_checkpoints_roots_are_sha256 check (octet_length(root_hash) = 32)
);
