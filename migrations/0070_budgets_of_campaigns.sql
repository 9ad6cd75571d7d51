-- How much the rewards of a campaign may give in a period, as its event says; none where it has no budgets.
alter table campaigns add column budgets json;
