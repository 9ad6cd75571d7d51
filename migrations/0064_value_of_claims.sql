-- What a claim has credited and what it has cost the member, as its events say; null where that is nothing any more.
alter table claims add column credit json, add column paid json;
