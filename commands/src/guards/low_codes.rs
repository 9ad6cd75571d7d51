//! Which rewards may have few codes left: noted by the writer as it hands coupons out, and looked at by whoever tells of it. It is a
//! hint: what is noted is looked up again, and a process that dies forgets it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::RewardId;
use tokio::sync::Notify;

/// A handle to the notes of one process.
#[derive(Debug, Clone, Default)]
pub(crate) struct LowCodes(Arc<Notes>);

#[derive(Debug, Default)]
struct Notes {
    rewards: Mutex<BTreeSet<RewardId>>,
    added: Notify,
}

impl LowCodes {
    /// Notes rewards; one that is noted already stays noted once.
    pub(crate) fn note(&self, rewards: impl IntoIterator<Item = RewardId>) {
        let mut noted = self.0.rewards.lock().unwrap_or_else(PoisonError::into_inner);
        let before = noted.len();
        noted.extend(rewards);
        if noted.len() > before {
            self.0.added.notify_one();
        }
    }

    /// Waits until something is noted, and takes all of it.
    pub(crate) async fn take(&self) -> BTreeSet<RewardId> {
        loop {
            let noted = std::mem::take(&mut *self.0.rewards.lock().unwrap_or_else(PoisonError::into_inner));
            if !noted.is_empty() {
                return noted;
            }
            self.0.added.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn what_is_noted_is_taken_once() {
        let (notes, reward) = (LowCodes::default(), RewardId(Uuid::from_u128(1)));
        assert!(notes.take().now_or_never().is_none());
        notes.note([reward, reward]);
        notes.note([reward]);
        assert_eq!(notes.take().await, BTreeSet::from([reward]));
        assert!(notes.take().now_or_never().is_none());
    }
}
