-- What a service may do with value, besides reporting and claiming. A service that spends need not report anything.

alter table services
    add column rights text[] not null default '{}',
    add constraint services_have_known_rights check (rights <@ array['spend', 'redeem']),
    drop constraint services_report_something,
    add constraint services_do_something check (cardinality(sources) + cardinality(rights) > 0);

create or replace view living_accounts as
    select id, email, email_key, password_hash, nickname, bio, profile_image_url, birth_date, time_zone, invite_code,
           role, role_since, blocked, created_at, created_position, demo,
           (select rights from services where services.account_id = accounts.id) as rights
    from accounts
    where erased_at is null;
