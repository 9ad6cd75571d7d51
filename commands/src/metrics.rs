//! What can be measured about writing, under names of the facade `metrics`: whoever runs the program
//! decides whether anybody listens. It knows no exporter.

/// How many commands one batch held.
pub(crate) const BATCH_COMMANDS: &str = "ledger_batch_commands";
/// How long one batch took from its first look at the guards to its commit, in seconds.
pub(crate) const BATCH_SECONDS: &str = "ledger_batch_seconds";
/// How many events were appended.
pub(crate) const EVENTS: &str = "ledger_events_total";
/// How many commands were turned away because too many waited.
pub(crate) const OVERLOADED: &str = "ledger_overloaded_total";

/// Tells whoever listens what the figures mean.
pub fn describe() {
    metrics::describe_histogram!(BATCH_COMMANDS, "Commands written in one batch");
    metrics::describe_histogram!(BATCH_SECONDS, metrics::Unit::Seconds, "Time to write one batch");
    metrics::describe_counter!(EVENTS, "Events appended by this process");
    metrics::describe_counter!(OVERLOADED, "Commands refused because too many were waiting");
}
