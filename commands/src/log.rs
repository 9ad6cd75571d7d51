//! The one way into the log: appends, the sequencer, streams and look-ups.

pub mod append;
pub mod coalesce;
pub mod epoch;
pub mod lookups;
pub mod metadata;
pub(crate) mod named_parameters;
pub mod receipt;
pub mod restored;
pub mod sequencer;
pub mod stored_answers;
pub mod streams;
