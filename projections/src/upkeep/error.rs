//! Why a rebuild, a digest or an intervention was not possible.

use crate::engine::error::FollowError;

/// Why a rebuild failed.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// No projection has this name.
    #[error("there is no projection {0:?}")]
    Unknown(String),
    /// Another rebuild of it is running.
    #[error("another rebuild of this projection is running")]
    UnderWay,
    /// The rows were folded by a newer version than this program has.
    #[error("its rows have version {0}, written by another release")]
    Newer(i32),
    /// An event cannot be folded; the old rows stay in use.
    #[error("position {position}: {reason}")]
    Poison {
        /// The position of the event.
        position: i64,
        /// Why it cannot be folded.
        reason: String,
    },
    /// The rows in use cannot be compared: they do not correspond to any one position.
    #[error(transparent)]
    Apart(#[from] WorkersApart),
    /// The tables in use could not be swapped, because they are read all the time.
    #[error("the tables could not be swapped because they are read all the time; run the command again to continue")]
    Busy,
    /// A failure that may pass; run the rebuild again to continue it.
    #[error("{0}")]
    Trouble(String),
    /// The database did not answer; run the rebuild again to continue it.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Workers feed the projection, and some are ahead of others: its rows do not correspond to any one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its workers are at different positions (everything up to {0} is folded); try again when they have caught up")]
pub struct WorkersApart(pub i64);

/// Why a digest failed.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// No projection has this name.
    #[error("there is no projection {0:?}")]
    Unknown(String),
    /// The rows do not correspond to any one position.
    #[error(transparent)]
    Apart(#[from] WorkersApart),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Why an intervention failed; it changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum InterventionError {
    /// No follower has this name.
    #[error("there is no projection {0:?}")]
    Unknown(String),
    /// A rule of the follower forbids it.
    #[error("{0}")]
    Refused(&'static str),
    /// The events that it had left aside could not be folded.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// The database did not answer.
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
            error @ (RebuildError::Unknown(_) | RebuildError::Newer(_)) => Self::Stop(error.to_string()),
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
