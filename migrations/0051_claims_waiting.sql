-- no-transaction
-- The claims that wait for a decision, in the order in which they expire. A claim that does not wait is not in it.
create index concurrently claims_waiting on claims (expires_at, created_position) where expires_at is not null;
