-- The dashboard's counter of claims refused for want of points. A column of its own: version 0.1.0 reads the other counters by their
-- place in the array, and knows how many there are.
alter table dashboard_marks add column insufficient_points bigint not null default 0;
