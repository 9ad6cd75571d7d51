//! Why a rebuild, a digest or an intervention was not possible.

use crate::engine::error::FollowError;

/// A rebuild was not possible.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// No projection has this name.
    #[error("there is no projection {0:?}")]
    Unknown(String),
    /// Another rebuild of it runs.
    #[error("another rebuild of this projection is running")]
    UnderWay,
    /// The rows are of a newer fold than this program has.
    #[error("its rows have version {0}, written by another release")]
    Newer(i32),
    /// An event cannot be folded; the old rows go on serving.
    #[error("position {position}: {reason}")]
    Poison {
        /// Where.
        position: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// The rows that serve cannot be compared with: they are those of no position.
    #[error(transparent)]
    Apart(#[from] WorkersApart),
    /// What serves could not be swapped, because it is read all the time.
    #[error("the tables could not be swapped because they are read all the time; run the command again to continue")]
    Busy,
    /// Something that passes was in the way; run again, it continues.
    #[error("{0}")]
    Trouble(String),
    /// The database did not answer; run again, it continues.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Workers fold it, and some of them are ahead of the others: its rows are those of no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its workers are at different positions (everything up to {0} is folded); try again when they have caught up")]
pub struct WorkersApart(pub i64);

/// A digest was not possible.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// No projection has this name.
    #[error("there is no projection {0:?}")]
    Unknown(String),
    /// There is no digest of rows of no position.
    #[error(transparent)]
    Apart(#[from] WorkersApart),
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// An intervention was not possible; nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum InterventionError {
    /// No follower has this name.
    #[error("there is no projection {0:?}")]
    Unknown(String),
    /// A rule of the follower's own is against it.
    #[error("{0}")]
    Refused(&'static str),
    /// What it had missed could not be folded now.
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
