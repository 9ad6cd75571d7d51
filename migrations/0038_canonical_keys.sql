-- E-mails and names are compared in one canonical form. Which form a key has is said beside it: those from before are
-- made anew at the next start, since SQL does not know the form.

alter table accounts add column key_version smallint not null default 1;
alter table accounts alter column key_version set default 2;
create index accounts_with_earlier_keys on accounts (created_position) where key_version = 1;

alter table unique_names add column key_version smallint not null default 1;
alter table unique_names alter column key_version set default 2;
