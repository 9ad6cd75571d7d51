//! The clock of the log: the machine's, or for a made-up history one that follows the commands. The latter is available
//! only for an empty log, and no other process may write meanwhile.

use domain::Moment;
use sqlx::postgres::PgConnectOptions;

use crate::log::append::Append;

/// The clock that sets the recording time of events, which never decreases along the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The clock of the machine.
    Machine,
    /// The time of each command, if it is in the past.
    AsAsked,
}

impl Clock {
    /// The recording time of a command that is written at `now` after an event recorded at `last`.
    pub(super) fn recorded_at(self, append: &Append, now: Moment, last: Moment) -> Moment {
        match self {
            Self::Machine => now,
            Self::AsAsked => append.metadata.requested_at.min(now),
        }
        .max(last)
    }

    /// Configures the connection that appends. A history does not wait for the disk with each commit, because nobody
    /// waits for its single events.
    pub(crate) fn connection(self, database: PgConnectOptions) -> PgConnectOptions {
        match self {
            Self::Machine => database,
            Self::AsAsked => database.options([("synchronous_commit", "off")]),
        }
    }

    /// Whether no other process may write to the log.
    pub(super) fn is_exclusive(self) -> bool {
        match self {
            Self::Machine => false,
            Self::AsAsked => true,
        }
    }
}
