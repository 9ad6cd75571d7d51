//! How far a follower has read, and how far that is saved.

use std::time::{Duration, Instant};

/// How long progress over events of other streams may stay unsaved, which spares a write for most batches.
pub(super) const LAZY_SAVE: Duration = Duration::from_millis(250);

/// Up to where a follower has read, and up to where that is saved. Between the two are only events of other streams.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadPosition {
    pub(super) saved: i64,
    pub(super) position: i64,
    unsaved_since: Option<Instant>,
}

impl ReadPosition {
    /// Read and saved up to here.
    pub(super) fn saved(position: i64) -> Self {
        Self { saved: position, position, unsaved_since: None }
    }

    /// Read up to here, and nothing to process since.
    pub(super) fn passed(self, position: i64) -> Self {
        Self { position, unsaved_since: self.unsaved_since.or_else(|| Some(Instant::now())), ..self }
    }

    /// Completes when a save is due; never if everything is saved.
    pub(super) async fn time_to_save(self) {
        match self.unsaved_since {
            Some(since) => tokio::time::sleep(LAZY_SAVE.saturating_sub(since.elapsed())).await,
            None => std::future::pending().await,
        }
    }
}
