-- What a claim of a reward moves beside stock, as its event says: its unit and days, its price and its cost.
alter table rewards add column value json;
