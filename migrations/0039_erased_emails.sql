-- Who was erased not long ago, so that the same person is known when they come back. An e-mail is not here: only a keyed
-- digest of it, which says nothing to whoever lacks the key. Rows go when they are as old as RETURN_AFTER.

create table erased_emails (
    fingerprint text           not null,
    -- the random id of the account that was erased, and the one its owner was here with first
    member_id   uuid           not null,
    first_id    uuid           not null,
    blocked     boolean        not null,
    erased_at   timestamptz(3) not null,
    constraint erased_emails_one_row primary key (fingerprint, member_id)
);

create index erased_emails_by_age on erased_emails (erased_at);

alter table accounts
    -- the id under which its owner was here first, where it is another
    add column first_id uuid;

alter table members
    add column first_id   uuid,
    add column former_ids uuid[];

-- A sign-up is decided by the erasures that it knows of: one that came in between has it decided anew.
create function know_who_returns(of_the_email text[], known uuid[], since timestamptz) returns void language plpgsql as $$
begin
    if exists (
        select from erased_emails
        where fingerprint = any (of_the_email) and erased_at > since and member_id <> all (known)
    ) then
        raise exception 'an account of this e-mail was erased meanwhile'
            using errcode = 'check_violation', constraint = 'accounts_know_who_returns';
    end if;
end
$$;
