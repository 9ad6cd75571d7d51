-- Under which epoch of its lease a follower saves: whoever holds an earlier one is refused.
alter table checkpoints add column lease_epoch bigint not null default 0;
