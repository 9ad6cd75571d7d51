//! Where a follower stands in the log, and what of that is saved.

use std::time::{Duration, Instant};

/// How long it may stay unsaved that nothing of interest has come: a write less for most batches.
pub(super) const LAZY_SAVE: Duration = Duration::from_millis(250);

/// Up to where a follower has read, and up to where that is saved. Between the two there is nothing that it wants.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadPosition {
    pub(super) saved: i64,
    pub(super) position: i64,
    unsaved_since: Option<Instant>,
}

impl ReadPosition {
    /// All is saved up to here.
    pub(super) fn saved(position: i64) -> Self {
        Self { saved: position, position, unsaved_since: None }
    }

    /// There is nothing of interest up to here either.
    pub(super) fn passed(self, position: i64) -> Self {
        Self { position, unsaved_since: self.unsaved_since.or_else(|| Some(Instant::now())), ..self }
    }

    /// Ends when it is time to save; never where there is nothing to save.
    pub(super) async fn time_to_save(self) {
        match self.unsaved_since {
            Some(since) => tokio::time::sleep(LAZY_SAVE.saturating_sub(since.elapsed())).await,
            None => std::future::pending().await,
        }
    }
}
