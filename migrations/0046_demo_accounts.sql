-- Which accounts the demo made: everybody knows their password, so that outside the demo nobody is let in by them.

alter table accounts add column demo boolean not null default false;

-- A demo may leave nobody behind: an administrator is then made on the command line.
create or replace function keep_an_administrator() returns trigger language plpgsql as $$
begin
    if old.demo and current_setting('reward_ledger.removes_the_demo', true) = 'on' then
        return new;
    end if;
    if not exists (select from accounts where role = 'ADMIN' and erased_at is null and id <> old.id) then
        raise exception 'the last administrator stays'
            using errcode = 'check_violation', constraint = 'accounts_keep_an_administrator';
    end if;
    return new;
end
$$;

create or replace view living_accounts as
    select id, email, email_key, password_hash, nickname, bio, profile_image_url, birth_date, time_zone, invite_code,
           role, role_since, blocked, created_at, created_position, demo
    from accounts
    where erased_at is null;
