-- How far the workers that fold a projection from Kafka have come, partition by partition. A projection
-- without rows here is fed by a follower of the log, and its checkpoint says everything.

create table worker_partitions (
    follower       text           not null,
    partition      integer        not null,
    -- every event of the partition up to here is folded
    position       bigint         not null,
    -- where the topic is read on, and the position of the message before that place, by which it is known
    -- again; null where the log has to be asked first
    topic          text,
    next_offset    bigint,
    seen_position  bigint,
    -- who may write, and the how-manieth owner that is: whoever was overtaken has another one
    owner          uuid           not null,
    epoch          bigint         not null,
    -- until when somebody looks after it: a follower takes the projection back when nobody does
    attended_until timestamptz(3) not null,
    updated_at     timestamptz(3) not null default now(),
    constraint worker_partitions_one_row primary key (follower, partition),
    constraint worker_partitions_start_before_the_log check (position >= 0)
) with (fillfactor = 50);
