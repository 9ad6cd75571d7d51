//! Why a fold did not come to its end, and why a follower did not.

use domain::event::DecodeError;

/// A fold, or a read that folds, did not come to its end.
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

/// A follower did not come to the end of a batch.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The database did not answer: tried again, later and later.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// Something else outside did not answer: tried again, later and later.
    #[error("{0}")]
    Trouble(String),
    /// Another follower of this name is at work: asked again a little later.
    #[error("another follower is at work")]
    Standby,
    /// This event, or what it would make of the rows, is impossible: the follower stops before it.
    #[error("position {position}: {reason}")]
    Poison {
        /// Where.
        position: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// Going on would do harm: the follower stops.
    #[error("{0}")]
    Stop(String),
}
