-- Batches of codes whose rows are there before the append that adds them: nobody gets one of them, nor is told that it is there,
-- and no number of them is given, since the reward has fewer codes than that. The append takes the batch's row away, which is all that
-- it does beside the event. A batch whose append never came is given up, and its codes are deleted.
create table staged_codes (
    batch_id  uuid    not null,
    reward_id uuid    not null,
    -- no append can add it any more
    given_up  boolean not null default false,
    constraint staged_codes_one_row primary key (batch_id)
);

create index staged_codes_of_a_reward on staged_codes (reward_id);

create function add_staged_codes(batch uuid) returns void language plpgsql as $$
begin
    delete from staged_codes where batch_id = batch and not given_up;
    if not found then
        raise exception 'the batch of codes was given up meanwhile'
            using errcode = 'check_violation', constraint = 'staged_codes_still_there';
    end if;
end
$$;
