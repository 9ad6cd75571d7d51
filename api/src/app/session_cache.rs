//! The session cache: which account, role, sources and rights a session or service key has now. Each session in use is read from
//! the database at most twice a second. A change made by this process invalidates its entry at once, a change made by
//! another process when PostgreSQL notifies; if a notification is lost, the entry expires by age. It does not know the
//! format of tokens.

mod listen;
mod read;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use commands::{Coalescer, ReadError};
use domain::id::MemberId;
use domain::role::Role;
use quick_cache::sync::Cache;
use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use crate::app::accounts::Right;

pub use listen::{announce, listen};

/// How long an entry is valid: half of the second within which a revoked session must end.
const BELIEVED_FOR: Duration = Duration::from_millis(400);
/// How long a failed read is remembered, so that not every request tries again.
const FAILURE_BELIEVED_FOR: Duration = Duration::from_millis(50);
/// The most entries; the coldest are evicted first.
const REMEMBERED: usize = 16_384;

/// The account behind a session or a service key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedSession {
    /// The account.
    pub account: MemberId,
    /// What it may do now.
    pub role: Role,
    /// Tokens issued before this second (Unix time) are invalid, because the role has changed.
    pub role_since: i64,
    /// Page sessions that began before this second (since 1970) have ended, because the account was blocked.
    pub page_sessions_since: i64,
    /// Whether the demo made the account.
    pub demo: bool,
    /// The properties of a service key; `None` for a session.
    pub key: Option<CachedKey>,
}

/// The properties of a service key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedKey {
    /// SHA-256 of the key.
    pub hash: Vec<u8>,
    /// The sources that it may report for.
    pub sources: BTreeSet<String>,
    /// What it may do with value.
    pub rights: BTreeSet<Right>,
}

/// Remembers sessions for a moment; cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionCache {
    reads: Coalescer<Uuid, Option<CachedSession>>,
    remembered: Arc<Cache<Uuid, Remembered>>,
    /// Counts invalidations. Locked while an entry is stored or removed, so that a value read before a change is never
    /// stored after it.
    changes: Arc<Mutex<u64>>,
}

#[derive(Debug, Clone)]
struct Remembered {
    session: Result<Option<Arc<CachedSession>>, ReadError>,
    asked_at: Instant,
}

impl Remembered {
    fn is_fresh(&self) -> bool {
        let limit = if self.session.is_ok() { BELIEVED_FOR } else { FAILURE_BELIEVED_FOR };
        self.asked_at.elapsed() < limit
    }

    fn is_of(&self, account: MemberId) -> bool {
        matches!(&self.session, Ok(Some(session)) if session.account == account)
    }
}

impl SessionCache {
    /// Starts the reading task.
    #[must_use]
    pub fn start(pool: &PgPool) -> Self {
        Self::over(read::reader(pool))
    }

    fn over(reads: Coalescer<Uuid, Option<CachedSession>>) -> Self {
        Self { reads, remembered: Arc::new(Cache::new(REMEMBERED)), changes: Arc::default() }
    }

    /// The account of a session or key; `None` when it is revoked or unknown.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn of(&self, id: Uuid) -> Result<Option<Arc<CachedSession>>, ReadError> {
        loop {
            match self.remembered.get_value_or_guard_async(&id).await {
                Ok(remembered) if remembered.is_fresh() => return remembered.session,
                Ok(_) => drop(self.remembered.remove_if(&id, |remembered| !remembered.is_fresh())),
                // concurrent requests for the same id wait for this one read
                Err(place) => {
                    let (before, asked_at) = (self.changes_so_far(), Instant::now());
                    let session = self.reads.read(id).await.map(|session| session.map(Arc::new));
                    let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
                    if *changes == before {
                        // another request may have stored an entry meanwhile, which then stays
                        let _ = place.insert(Remembered { session: session.clone(), asked_at });
                    }
                    return session;
                }
            }
        }
    }

    /// The account of the cached entry, even if expired: good enough for rate limits, not for authentication.
    #[must_use]
    pub fn last_known(&self, id: Uuid) -> Option<Arc<CachedSession>> {
        self.remembered.get(&id)?.session.ok().flatten()
    }

    fn changes_so_far(&self) -> u64 {
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Invalidates the entries of an account.
    pub fn forget(&self, account: MemberId) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        *changes += 1;
        self.remembered.retain(|_, remembered| remembered.is_fresh() && !remembered.is_of(account));
    }

    /// Invalidates all entries, because notifications may have been missed.
    pub fn forget_all(&self) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        *changes += 1;
        self.remembered.clear();
    }
}

#[cfg(test)]
mod tests;
