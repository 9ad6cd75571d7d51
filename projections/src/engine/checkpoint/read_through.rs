//! Moves a checkpoint over events of no interest to its follower. Nothing is folded, so that any process may do it as
//! long as nobody has set the checkpoint back.

use sqlx::postgres::PgConnection;

use super::last_epoch;
use crate::engine::error::FollowError;

/// A follower of this name and version has read the log from `saved` on and found nothing of interest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadThrough {
    pub(crate) name: &'static str,
    pub(crate) version: i32,
    pub(crate) saved: i64,
}

impl ReadThrough {
    /// Moves the checkpoint forward.
    ///
    /// # Errors
    /// [`FollowError::Standby`] when it is below `saved`, because somebody has set it back.
    pub(crate) async fn advance(self, conn: &mut PgConnection, position: i64) -> Result<(), FollowError> {
        let passed = sqlx::query(concat!(
            "update checkpoints
            set position = greatest(checkpoints.position, $4), epoch = ",
            last_epoch!(),
            ", updated_at = now()
            where checkpoints.name = $1
              and checkpoints.version = $2
              and checkpoints.position >= $3",
        ))
        .bind(self.name)
        .bind(self.version)
        .bind(self.saved)
        .bind(position)
        .execute(conn)
        .await?;
        if passed.rows_affected() == 1 { Ok(()) } else { Err(FollowError::Standby) }
    }
}
