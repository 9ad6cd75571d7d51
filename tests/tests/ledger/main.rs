//! The specification of the service, told from outside, in reading order. One process, one harness; a chapter that only
//! looks shares a service with the others, a chapter that breaks things has its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

// What it is for.
mod main_job;

// Who somebody is: accounts, sessions, roles, services.
mod accounts;
mod demo;
mod erasure;
mod identity;
mod passwords;
mod profile;
mod returns;
mod role_changes;
mod security_log;
mod service_keys;
mod sessions;
mod tokens;
mod users;

// What is offered: events, their rewards, their conditions.
mod conditions;
mod etags;
mod events;
mod rewards;

// Claims: how they are decided, and what is said of them.
mod approvals;
mod claims;
mod dry_run;
mod evidence;
mod explanation;
mod progress;
mod refusals;
mod reward_requests;
mod separation_of_duties;
mod value_claims;

// What members have: units of value, what is paid with it, given, taken and sent.
mod adjustments;
mod budgets;
mod spends;
mod transfers;
mod units;
mod wallets;

// Facts about members, and what follows from them.
mod activities;
mod history;
mod import;
mod largest;
mod referrals;
mod streaks;
mod time_zones;

// What is shown of the whole, and what an auditor finds.
mod audit;
mod audit_command;
mod backtest;
mod checkpoints;
mod dashboard;
mod dashboard_days;
mod event_analytics;
mod golden;
mod log_analytics;
mod re_evaluation;
mod tampering;
mod verification;

// What people see in a browser.
mod pages;

// What holds for every route.
mod attacks;
mod browsers;
mod conventions;
mod every_call;
mod generated_client;
mod languages;
mod metrics;
mod openapi;
mod rate_limits;
mod roles;
mod schemas;
mod slow_clients;

// What holds when many come at once, and when things break.
mod backup;
mod contention;
mod coupons;
mod crash_and_resume;
mod idempotency;
mod inbound;
mod kafka_command;
mod kafka_faults;
mod operations;
mod owner_role;
mod parts;
mod plans;
mod projections_command;
mod random_commands;
mod relay;
mod restore;
mod scheduler;
mod stampede;
mod two_instances;
mod unguarded;
mod upgrade;
mod workers;
