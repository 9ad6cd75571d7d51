-- Whether the pending claims of an erased account are withdrawn for good: until then the scheduler looks for some that
-- were asked for while the account was erased. Accounts that were erased before this are looked at once.

alter table accounts add column claims_settled boolean not null default false;

create index accounts_erased_and_not_settled on accounts (erased_at) where erased_at is not null and not claims_settled;
