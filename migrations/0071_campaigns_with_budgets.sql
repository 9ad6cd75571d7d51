-- The campaigns that have, or had, budgets of their own: those whose terms are looked at for what is left of them.
create table value_budgeted (
    campaign_id uuid not null,
    constraint value_budgeted_one_row primary key (campaign_id)
);
