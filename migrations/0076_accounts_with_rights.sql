-- Accounts with what a service may do. A view of its own: version 0.1.0 reads all columns of living_accounts by prepared statements,
-- which fail where a column is added.
create view accounts_with_rights as
    select id, email, email_key, password_hash, nickname, bio, profile_image_url, birth_date, time_zone, invite_code,
           role, role_since, blocked, created_at, created_position, demo,
           (select rights from services where services.account_id = accounts.id) as rights
    from accounts
    where erased_at is null;
