-- What a service may do with value, besides reporting and claiming. A service that spends need not report anything.

alter table services
    add column rights text[] not null default '{}',
    add constraint services_have_known_rights check (rights <@ array['spend', 'redeem']),
    drop constraint services_report_something,
    add constraint services_do_something check (cardinality(sources) + cardinality(rights) > 0);
