-- What a person has done on a day that is limited by the day: adjustments that staff have posted alone, and transfers that
-- members have sent. Each has the next number of its day, so that two at once cannot both be the n-th.
create table daily_acts (
    -- 'adjustment' or 'transfer'
    kind   text collate "C" not null,
    -- who has done it
    actor  uuid             not null,
    unit   text collate "C" not null,
    day    date             not null,
    -- from 1
    number bigint           not null,
    -- how much was given, taken or sent
    amount bigint           not null,
    constraint daily_acts_one_of_each_number primary key (kind, actor, unit, day, number),
    constraint daily_acts_of_a_kind check (kind in ('adjustment', 'transfer')),
    constraint daily_acts_positive check (number > 0 and amount > 0)
);
