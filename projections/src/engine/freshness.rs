//! How far the followers have come, for whoever wants to wait for one: kept in memory, fed by the
//! loops of this process and, for those of other processes, by one ticker. It asks no database.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

/// How far every follower has come.
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
    /// Another follower of this name is at work; this one would take over.
    Standby,
    /// Something outside does not answer; tried again.
    Waiting {
        /// What.
        reason: String,
    },
    /// It stopped and waits for a human.
    Stopped {
        /// Why.
        reason: String,
    },
}

/// The follower did not come so far in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has only come to position {position}")]
pub struct NotCaughtUp {
    /// How far it has come.
    pub position: i64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { progress: watch::Sender::new(BTreeMap::new()) }
    }
}

impl Freshness {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How far a follower has come: what is read after this call has at least this folded in.
    #[must_use]
    pub fn position(&self, name: &str) -> i64 {
        self.progress.borrow().get(name).map_or(0, |progress| progress.position)
    }

    /// How far every follower has come, by name.
    #[must_use]
    pub fn positions(&self) -> Vec<(String, i64)> {
        self.progress.borrow().iter().map(|(name, progress)| (name.clone(), progress.position)).collect()
    }

    /// What a follower is doing.
    #[must_use]
    pub fn state(&self, name: &str) -> FollowerState {
        self.progress.borrow().get(name).map_or(FollowerState::Elsewhere, |progress| progress.state.clone())
    }

    /// Waits until a follower has come to a position, and says how far it is then.
    ///
    /// # Errors
    /// [`NotCaughtUp`] when it has not in time.
    pub async fn wait_for(&self, name: &str, position: i64, timeout: Duration) -> Result<i64, NotCaughtUp> {
        let mut progress = self.progress.subscribe();
        let arrived = progress.wait_for(|all| all.get(name).map_or(0, |one| one.position) >= position);
        // borrowed values of a watch channel must not outlive the wait
        let _ = tokio::time::timeout(timeout, async { arrived.await.map(|_| ()) }).await;
        let reached = self.position(name);
        if reached >= position { Ok(reached) } else { Err(NotCaughtUp { position: reached }) }
    }

    /// A follower has come to a position. The freshness of what is read never goes back.
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

    /// A follower that makes nothing to read stands here, also where it was further before: it was set back.
    pub(crate) fn stands_at(&self, name: &str, position: i64) {
        self.progress.send_if_modified(|all| {
            let progress = all.entry(name.to_owned()).or_default();
            let changed = progress.position != position;
            progress.position = position;
            changed
        });
    }

    /// A follower of this process does something else now.
    pub(crate) fn is(&self, name: &str, state: FollowerState) {
        self.progress.send_if_modified(|all| {
            let progress = all.entry(name.to_owned()).or_default();
            let changed = progress.state != state;
            progress.state = state;
            changed
        });
    }
}
