//! The positions of all followers, for requests that wait until one has caught up. Kept in memory; updated by the loops
//! of this process and, for those of other processes, by the ticker. It reads no database.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

/// The position and state of every follower.
#[derive(Debug, Clone)]
pub struct Freshness {
    progress: watch::Sender<BTreeMap<String, Progress>>,
}

#[derive(Debug, Clone, Default)]
struct Progress {
    position: i64,
    state: FollowerState,
}

/// What a follower of this process is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FollowerState {
    /// No loop of this process follows under this name.
    #[default]
    Elsewhere,
    /// It follows.
    Following,
    /// Another process is active; this one would take over.
    Standby,
    /// It failed, and retries.
    Waiting {
        /// Why.
        reason: String,
    },
    /// It stopped until an operator acts.
    Stopped {
        /// Why.
        reason: String,
    },
}

/// The follower did not catch up in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has only reached position {position}")]
pub struct NotCaughtUp {
    /// Its position.
    pub position: i64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { progress: watch::Sender::new(BTreeMap::new()) }
    }
}

impl Freshness {
    /// Without any follower.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The position of a follower: a later read sees at least the events up to it.
    #[must_use]
    pub fn position(&self, name: &str) -> i64 {
        self.progress.borrow().get(name).map_or(0, |progress| progress.position)
    }

    /// The positions of all followers, by name.
    #[must_use]
    pub fn positions(&self) -> Vec<(String, i64)> {
        self.progress.borrow().iter().map(|(name, progress)| (name.clone(), progress.position)).collect()
    }

    /// What a follower is doing.
    #[must_use]
    pub fn state(&self, name: &str) -> FollowerState {
        self.progress.borrow().get(name).map_or(FollowerState::Elsewhere, |progress| progress.state.clone())
    }

    /// Waits until a follower has reached a position, and returns its position then.
    ///
    /// # Errors
    /// [`NotCaughtUp`] after the time-out.
    pub async fn wait_for(&self, name: &str, position: i64, timeout: Duration) -> Result<i64, NotCaughtUp> {
        let mut progress = self.progress.subscribe();
        let arrived = progress.wait_for(|all| all.get(name).map_or(0, |one| one.position) >= position);
        // borrowed values of a watch channel must not outlive the wait
        let _ = tokio::time::timeout(timeout, async { arrived.await.map(|_| ()) }).await;
        let reached = self.position(name);
        if reached >= position { Ok(reached) } else { Err(NotCaughtUp { position: reached }) }
    }

    /// A follower has reached a position. A lower one than before is ignored: what is read never gets older.
    pub(crate) fn reached(&self, name: &str, position: i64) {
        self.progress.send_if_modified(|all| match all.get_mut(name) {
            Some(progress) if progress.position >= position => false,
            Some(progress) => {
                progress.position = position;
                true
            }
            None => {
                all.insert(name.to_owned(), Progress { position, state: FollowerState::Elsewhere });
                true
            }
        });
    }

    /// A follower without a read model is at a position, which may be lower than before: it was set back.
    pub(crate) fn stands_at(&self, name: &str, position: i64) {
        self.progress.send_if_modified(|all| {
            let progress = all.entry(name.to_owned()).or_default();
            let changed = progress.position != position;
            progress.position = position;
            changed
        });
    }

    /// The state of a follower of this process has changed.
    pub(crate) fn is(&self, name: &str, state: FollowerState) {
        self.progress.send_if_modified(|all| {
            let progress = all.entry(name.to_owned()).or_default();
            let changed = progress.state != state;
            progress.state = state;
            changed
        });
    }
}
