//! The errors of folds and of followers.

use domain::event::DecodeError;

/// A fold, or a read that folds, failed.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The database did not answer, or refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The log holds an event that this program does not know.
    #[error("position {position}: {source}")]
    Event {
        /// Where.
        position: i64,
        /// Why it cannot be read.
        source: DecodeError,
    },
    /// A stored value is not what its column is for.
    #[error("a stored {what} cannot be {value:?}")]
    Stored {
        /// The column.
        what: &'static str,
        /// Its value.
        value: String,
    },
}

impl FoldError {
    /// A stored value is not what its column is for.
    pub(crate) fn stored(what: &'static str, value: impl Into<String>) -> Self {
        Self::Stored { what, value: value.into() }
    }
}

/// A follower could not process a batch.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The database failed; retried with back-off.
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    /// Something else outside failed; retried with back-off.
    #[error("{0}")]
    Trouble(String),
    /// Another process is active under this name; retried soon.
    #[error("another process follows under this name")]
    Standby,
    /// This event cannot be processed, now or later: the follower stops before it or parks its stream.
    #[error("position {position}: {reason}")]
    Poison {
        /// Where.
        position: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// Going on would do harm: the follower stops until the process is restarted.
    #[error("{0}")]
    Stop(String),
}
