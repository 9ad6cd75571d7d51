-- How far each follower of the log has come: saved in the transaction that writes what it made of the log.

create table checkpoints (
    name       text           not null,
    -- of the follower's logic: a newer one folds again from position 1
    version    integer        not null,
    position   bigint         not null,
    -- the life of the log in which it was saved
    epoch      bigint         not null,
    -- who saved it: whoever finds another name here was overtaken
    owner      uuid           not null,
    updated_at timestamptz(3) not null,
    constraint checkpoints_one_row primary key (name),
    constraint checkpoints_start_before_the_log check (position >= 0)
) with (fillfactor = 50);
