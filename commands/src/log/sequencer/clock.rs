//! Whose clock says when the log takes something in. There is one that follows the commands, for a history that is made
//! up: it can only be had for a log that is empty, and nobody else may write meanwhile.

use domain::Moment;
use sqlx::postgres::PgConnectOptions;

use crate::log::append::Append;

/// By which clock events are recorded. Never does the log go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// The machine's.
    Machine,
    /// The moment at which each command was asked for, as long as that is past.
    AsAsked,
}

impl Clock {
    /// When a command is recorded that is written `now` behind an event of the moment `last`.
    pub(super) fn recorded_at(self, append: &Append, now: Moment, last: Moment) -> Moment {
        match self {
            Self::Machine => now,
            Self::AsAsked => append.metadata.requested_at.min(now),
        }
        .max(last)
    }

    /// How the connection is set up that appends. Nobody waits for a single event of a history, so that it need not wait
    /// for the disk either.
    pub(crate) fn connection(self, database: PgConnectOptions) -> PgConnectOptions {
        match self {
            Self::Machine => database,
            Self::AsAsked => database.options([("synchronous_commit", "off")]),
        }
    }

    /// Whether nobody else may write to the log.
    pub(super) fn is_exclusive(self) -> bool {
        match self {
            Self::Machine => false,
            Self::AsAsked => true,
        }
    }
}
