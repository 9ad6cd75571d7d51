-- The log once more, packed: 5,000 events a row, which a replay reads in a fraction of the time. A page says what the
-- log says at its positions; `audit verify` compares the two. One that is deleted is packed again.

create table log_pages (
    -- the last of its positions
    through bigint not null,
    -- of its last event: a page is of the log in which that event has this hash
    hash    bytea  not null,
    -- what COPY sends of them in its binary format, as one frame of zstd
    rows    bytea  not null,
    constraint log_pages_one_of_each primary key (through),
    constraint log_pages_are_whole check (through > 0 and through % 5000 = 0),
    constraint log_pages_hashes_are_sha256 check (octet_length(hash) = 32)
);

-- compressed already
alter table log_pages alter column rows set storage external;

create trigger log_pages_are_never_changed before update on log_pages
    for each statement execute function refuse_to_change_the_log();

-- whoever may read the log may read it packed
do $$
declare
    reader text;
begin
    for reader in
        select case grantee when 0 then 'public' else grantee::regrole::text end
        from pg_class
        cross join lateral aclexplode(relacl) as allowed
        where oid = 'events'::regclass
          and privilege_type = 'SELECT'
          and grantee <> relowner
    loop
        execute format('grant select on log_pages to %s', reader);
    end loop;
end
$$;
