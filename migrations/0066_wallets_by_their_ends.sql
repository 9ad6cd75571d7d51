-- What the clock ends next: lots with something left in them, and open holds. The guard rows of the write side have no such index, so
-- that a grant costs one row and one index there.
create index wallets_lots_by_their_ends on wallets_lots (expires_at, member_id, unit) where free > 0 and expires_at is not null;
create index wallets_holds_by_their_ends on wallets_holds (expires_at);
