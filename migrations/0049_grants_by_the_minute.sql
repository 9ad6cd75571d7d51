-- What of a reward is taken at any moment: its counts after the last step of each minute and of each 1,024 positions,
-- with the moment. Burn-downs and forecasts are differences of two rows. Rows of before have no moment: the dashboard
-- is folded again from the log at the next start.

alter table dashboard_grants
    add column recorded_at timestamptz(3),
    -- grants that were ever made, also those that were taken back
    add column grant_steps bigint not null default 0;

create index dashboard_grants_by_time on dashboard_grants (reward_id, recorded_at, position);
