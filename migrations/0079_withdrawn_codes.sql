-- Numbers of codes that an append has withdrawn and whose rows do not say so yet. Nobody is given such a number, since the reward
-- has fewer codes than that; the rows are marked after the append, before codes are added again.
create table withdrawn_codes (
    reward_id    uuid   not null,
    first_number bigint not null,
    last_number  bigint not null,
    constraint withdrawn_codes_one_row primary key (reward_id, first_number),
    constraint withdrawn_codes_in_order check (first_number between 1 and last_number)
);
