-- A block ends the sessions of the pages that were begun before it. Whoever is blocked may sign in again, and sees why claims
-- are refused.
alter table accounts
    add column page_sessions_since bigint not null default 0;
