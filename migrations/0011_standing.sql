-- What an account may do at this moment, who is gone, and the keys of services.

alter table accounts
    -- of the event that registered it: the order of lists
    add column created_position bigint,
    -- by the second of their issue, tokens from before stand for another role
    add column role_since bigint not null default 0,
    add column erased_at timestamptz(3),
    -- services have neither, and who was erased has nothing
    alter column email drop not null,
    alter column email_key drop not null,
    alter column password_hash drop not null,
    alter column invite_code drop not null;

update accounts
set created_position = (
    select position
    from events
    where events.aggregate_id = accounts.id::text
      and events.aggregate_type = 'member'
      and events.sequence = 1
);

alter table accounts
    alter column created_position set not null,
    add constraint accounts_one_a_position unique (created_position),
    add constraint accounts_blank_once_erased check (
        erased_at is null
        or num_nonnulls(email, email_key, password_hash, nickname, nickname_key, bio, profile_image_url, birth_date,
                        invite_code) = 0
    );

create index accounts_of_a_role_by_position on accounts (role, created_position);

-- Roles change and accounts are erased under the lock of the log's head, one after another: of two
-- administrators who unmake each other at the same moment, the second one finds no other left.
create function keep_an_administrator() returns trigger language plpgsql as $$
begin
    if not exists (select from accounts where role = 'ADMIN' and erased_at is null and id <> old.id) then
        raise exception 'the last administrator stays'
            using errcode = 'check_violation', constraint = 'accounts_keep_an_administrator';
    end if;
    return new;
end
$$;

create trigger accounts_keep_an_administrator
    before update of role, erased_at on accounts
    for each row
    when (old.role = 'ADMIN' and old.erased_at is null and (new.role <> 'ADMIN' or new.erased_at is not null))
    execute function keep_an_administrator();

-- Other programs: accounts without an e-mail, known by a name, reporting for these sources alone.
create table services (
    account_id uuid   not null,
    name       text   not null,
    sources    text[] not null,
    constraint services_one_row primary key (account_id),
    constraint services_one_a_name unique (name),
    constraint services_are_accounts foreign key (account_id) references accounts (id),
    constraint services_report_something check (cardinality(sources) > 0)
);

-- A key is 256 random bits, shown once and kept as a hash.
create table service_keys (
    id         uuid           not null,
    account_id uuid           not null,
    key_hash   bytea          not null,
    created_at timestamptz(3) not null,
    revoked_at timestamptz(3),
    constraint service_keys_one_row primary key (id),
    constraint service_keys_of_a_service foreign key (account_id) references services (account_id)
);

create index service_keys_of_a_service_by_age on service_keys (account_id, created_at);

-- Who is here: the one way to read an account.
create view living_accounts as
    select id, email, email_key, password_hash, nickname, bio, profile_image_url, birth_date, time_zone, invite_code,
           role, role_since, blocked, created_at, created_position
    from accounts
    where erased_at is null;
