//! The specification of the service, told from outside, in reading order. One process, one harness; a chapter that only
//! looks shares a service with the others, a chapter that breaks things has its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

// What it is for.
#[path = "ledger/main_job.rs"]
mod main_job;

// What each caller may ask, and what bad input gets.
#[path = "ledger/accounts.rs"]
mod accounts;

#[path = "ledger/profile.rs"]
mod profile;

#[path = "ledger/tokens.rs"]
mod tokens;

#[path = "ledger/sessions.rs"]
mod sessions;

#[path = "ledger/passwords.rs"]
mod passwords;

#[path = "ledger/identity.rs"]
mod identity;

#[path = "ledger/returns.rs"]
mod returns;

#[path = "ledger/security_log.rs"]
mod security_log;

#[path = "ledger/users.rs"]
mod users;

#[path = "ledger/role_changes.rs"]
mod role_changes;

#[path = "ledger/service_keys.rs"]
mod service_keys;

#[path = "ledger/demo.rs"]
mod demo;

#[path = "ledger/erasure.rs"]
mod erasure;

#[path = "ledger/events.rs"]
mod events;

#[path = "ledger/rewards.rs"]
mod rewards;

#[path = "ledger/etags.rs"]
mod etags;

#[path = "ledger/conditions.rs"]
mod conditions;

#[path = "ledger/claims.rs"]
mod claims;

#[path = "ledger/refusals.rs"]
mod refusals;

#[path = "ledger/reward_requests.rs"]
mod reward_requests;

#[path = "ledger/separation_of_duties.rs"]
mod separation_of_duties;

#[path = "ledger/dry_run.rs"]
mod dry_run;

#[path = "ledger/progress.rs"]
mod progress;

#[path = "ledger/explanation.rs"]
mod explanation;

#[path = "ledger/evidence.rs"]
mod evidence;

#[path = "ledger/activities.rs"]
mod activities;

#[path = "ledger/largest.rs"]
mod largest;

#[path = "ledger/referrals.rs"]
mod referrals;

#[path = "ledger/time_zones.rs"]
mod time_zones;

#[path = "ledger/streaks.rs"]
mod streaks;

#[path = "ledger/import.rs"]
mod import;

#[path = "ledger/history.rs"]
mod history;

#[path = "ledger/dashboard.rs"]
mod dashboard;

#[path = "ledger/attacks.rs"]
mod attacks;
#[path = "ledger/audit.rs"]
mod audit;

#[path = "ledger/verification.rs"]
mod verification;

#[path = "ledger/tampering.rs"]
mod tampering;

#[path = "ledger/golden.rs"]
mod golden;

#[path = "ledger/re_evaluation.rs"]
mod re_evaluation;

#[path = "ledger/audit_command.rs"]
mod audit_command;

#[path = "ledger/browsers.rs"]
mod browsers;

#[path = "ledger/slow_clients.rs"]
mod slow_clients;

#[path = "ledger/rate_limits.rs"]
mod rate_limits;

#[path = "ledger/backtest.rs"]
mod backtest;

#[path = "ledger/languages.rs"]
mod languages;

#[path = "ledger/conventions.rs"]
mod conventions;

#[path = "ledger/roles.rs"]
mod roles;

#[path = "ledger/schemas.rs"]
mod schemas;

#[path = "ledger/metrics.rs"]
mod metrics;

#[path = "ledger/openapi.rs"]
mod openapi;

#[path = "ledger/every_call.rs"]
mod every_call;

#[path = "ledger/generated_client.rs"]
mod generated_client;

// What holds when many come at once, and when things break.
#[path = "ledger/stampede.rs"]
mod stampede;

#[path = "ledger/contention.rs"]
mod contention;

#[path = "ledger/plans.rs"]
mod plans;

#[path = "ledger/unguarded.rs"]
mod unguarded;

#[path = "ledger/idempotency.rs"]
mod idempotency;

#[path = "ledger/random_commands.rs"]
mod random_commands;

#[path = "ledger/crash_and_resume.rs"]
mod crash_and_resume;

#[path = "ledger/two_instances.rs"]
mod two_instances;

#[path = "ledger/owner_role.rs"]
mod owner_role;

#[path = "ledger/scheduler.rs"]
mod scheduler;

#[path = "ledger/projections_command.rs"]
mod projections_command;

#[path = "ledger/inbound.rs"]
mod inbound;

#[path = "ledger/relay.rs"]
mod relay;

#[path = "ledger/kafka_command.rs"]
mod kafka_command;

#[path = "ledger/kafka_faults.rs"]
mod kafka_faults;

#[path = "ledger/parts.rs"]
mod parts;

#[path = "ledger/workers.rs"]
mod workers;
