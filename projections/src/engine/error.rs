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

/// A rebuild, or a digest, was not possible.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// No projection has this name.
    #[error("no projection is called {0:?}")]
    Unknown(String),
    /// The relay leaves nothing out: who reads the topic would never know.
    #[error(
        "what the relay leaves out would be missing on the topic for ever, and nobody who reads it would know; let the \
         topic's max.message.bytes be larger, then `reward-ledger projections retry relay`"
    )]
    LeavesNothingOut,
    /// Somebody else is at it.
    #[error("another rebuild of it is under way")]
    UnderWay,
    /// The rows are of a newer fold than this program has.
    #[error("its rows are of version {0}, which another program writes")]
    Newer(i32),
    /// An event cannot be folded; the old rows go on serving.
    #[error("position {position}: {reason}")]
    Poison {
        /// Where.
        position: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// Workers fold it, and some of them are ahead of the others: its rows are those of no position.
    #[error("its workers do not stand at the same position (all of it is folded up to {0}); ask again when they do")]
    Apart(i64),
    /// What serves could not be swapped, because it is read all the time.
    #[error("the tables are read all the time and could not be swapped; run it again, it continues")]
    Busy,
    /// Something that passes was in the way; run again, it continues.
    #[error("{0}")]
    Trouble(String),
    /// The database did not answer; run again, it continues.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<RebuildError> for FollowError {
    fn from(error: RebuildError) -> Self {
        match error {
            RebuildError::UnderWay => Self::Standby,
            RebuildError::Poison { position, reason } => Self::Poison { position, reason },
            RebuildError::Database(error) => Self::Database(error),
            error @ (RebuildError::Busy | RebuildError::Apart(_) | RebuildError::Trouble(_)) => {
                Self::Trouble(error.to_string())
            }
            error @ (RebuildError::Unknown(_) | RebuildError::Newer(_) | RebuildError::LeavesNothingOut) => {
                Self::Stop(error.to_string())
            }
        }
    }
}

impl From<FollowError> for RebuildError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Database(error) => Self::Database(error),
            FollowError::Poison { position, reason } => Self::Poison { position, reason },
            error @ (FollowError::Trouble(_) | FollowError::Standby | FollowError::Stop(_)) => {
                Self::Trouble(error.to_string())
            }
        }
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
