-- How much was given of each unit on each local day, by each campaign and by the programme (the id of zeros), cap or no cap. Weeks,
-- months and totals are sums of these rows. The rows of today are changed by every batch: pages leave room for new versions
-- of them, which no index but the key's has to know.
create table value_spent (
    scope  uuid             not null,
    unit   text collate "C" not null,
    day    date             not null,
    amount bigint           not null,
    constraint value_spent_one_row primary key (scope, unit, day),
    constraint value_spent_given_back_once check (amount >= 0)
) with (fillfactor = 50);
