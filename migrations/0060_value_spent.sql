-- How much was given of each unit on each local day, by each campaign and by the programme (the id of zeros), cap or no cap. Weeks,
-- months and totals are sums of these rows.
create table value_spent (
    scope  uuid             not null,
    unit   text collate "C" not null,
    day    date             not null,
    amount bigint           not null,
    constraint value_spent_one_row primary key (scope, unit, day),
    constraint value_spent_given_back_once check (amount >= 0)
);

-- How much may be given in a day, a week, a month or at all.
create table value_budgets (
    scope  uuid             not null,
    unit   text collate "C" not null,
    per    text             not null,
    amount bigint           not null,
    constraint value_budgets_one_row primary key (scope, unit, per),
    constraint value_budgets_of_a_period check (per in ('total', 'month', 'week', 'day'))
);
