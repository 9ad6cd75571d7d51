//! Leases: a row with an owner and an expiry, renewed while its process lives, decides which process does what only one
//! should do. After the expiry, by the database's clock, another process takes over. A lease saves duplicate work; it is
//! not a lock. A process that was paused may act once more after its lease has expired, so that work under a lease must
//! be idempotent, or be saved under the lease's epoch, which grows with every new owner (a fencing token).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::PgPool;
use sqlx::postgres::PgConnection;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a lease lasts when it is not renewed.
const LASTS_MS: i64 = 3_000;
/// How often it is renewed, or asked for.
const RENEW_MS: u64 = 1_000;

/// The leases of one process.
#[derive(Debug, Clone)]
pub(crate) struct Leases {
    held: Arc<Mutex<BTreeMap<&'static str, Option<Held>>>>,
    wanted: Arc<Notify>,
}

/// A lease that this process holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    epoch: i64,
    until: Instant,
}

/// An epoch of a lease: a number under which only one owner ever holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseEpoch(i64);

impl LeaseEpoch {
    pub(crate) fn number(self) -> i64 {
        self.0
    }
}

/// A lease that this process asks for, whether or not it holds it now.
#[derive(Debug, Clone)]
pub struct Lease {
    name: &'static str,
    leases: Leases,
}

impl Lease {
    /// Whether this process holds it now, by its own clock, counted from before the renewal was sent.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.epoch().is_some()
    }

    /// Under which epoch this process holds it now.
    #[must_use]
    pub fn epoch(&self) -> Option<LeaseEpoch> {
        let held = self.leases.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.get(self.name).copied().flatten();
        held.filter(|held| Instant::now() < held.until).map(|held| LeaseEpoch(held.epoch))
    }
}

impl Leases {
    pub(crate) fn new() -> Self {
        Self { held: Arc::default(), wanted: Arc::default() }
    }

    /// Asks for a lease from now on.
    pub(crate) fn lease(&self, name: &'static str) -> Lease {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default();
        self.wanted.notify_one();
        Lease { name, leases: self.clone() }
    }

    /// Renews the leases held and asks for the others, until shutdown; then releases all.
    pub(crate) async fn keep(self, pool: PgPool, shutdown: CancellationToken) {
        let owner = Uuid::new_v4();
        let mut renewal = tokio::time::interval(Duration::from_millis(RENEW_MS));
        renewal.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = self.wanted.notified() => {}
                _ = renewal.tick() => {}
            }
            let names = self.names();
            if names.is_empty() {
                continue;
            }
            let asked_at = Instant::now();
            match ask(&pool, &names, owner).await {
                Ok(ours) => self.note(&ours, asked_at),
                // leases that are held expire by themselves
                Err(error) => tracing::debug!(%error, "leases could not be renewed"),
            }
        }
        self.note(&[], Instant::now());
        // so that another process need not wait for the expiry
        let released = sqlx::query("update leases set expires_at = now() where owner = $1").bind(owner).execute(&pool);
        let _ = tokio::time::timeout(Duration::from_millis(RENEW_MS), released).await;
    }

    fn names(&self) -> Vec<&'static str> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    fn note(&self, ours: &[(String, i64)], asked_at: Instant) {
        let until = asked_at + Duration::from_millis(LASTS_MS.unsigned_abs());
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, lease) in held.iter_mut() {
            let ours = ours.iter().find(|(ours, _)| ours == name).map(|(_, epoch)| Held { epoch: *epoch, until });
            if ours.is_some() != lease.is_some() {
                tracing::debug!(lease = name, held = ours.is_some(), "lease acquired or lost");
            }
            *lease = ours;
        }
    }
}

/// Takes or renews the leases that are free or ours; the result is which we hold now, with their epochs. An expired
/// lease gets a new epoch even if it was ours, because another process may have held it in between.
async fn ask(pool: &PgPool, names: &[&'static str], owner: Uuid) -> sqlx::Result<Vec<(String, i64)>> {
    sqlx::query_as(
        "insert into leases (name, owner, epoch, expires_at)
        select name, $2, 1, now() + $3 * interval '1 millisecond'
        from unnest($1::text[]) as wanted(name)
        on conflict (name) do update
        set owner = excluded.owner,
            epoch = leases.epoch + (leases.owner <> excluded.owner or leases.expires_at <= now())::integer,
            expires_at = excluded.expires_at
        where leases.owner = excluded.owner or leases.expires_at <= now()
        returning name, epoch",
    )
    .bind(names)
    .bind(owner)
    .bind(LASTS_MS)
    .fetch_all(pool)
    .await
}

/// Revokes a lease; the next process that asks gets it. The result is a new epoch, under which nobody holds it.
pub(crate) async fn take_away(conn: &mut PgConnection, name: &str) -> sqlx::Result<LeaseEpoch> {
    let epoch = sqlx::query_scalar(
        "insert into leases (name, owner, epoch, expires_at)
        values ($1, $2, 1, now())
        on conflict (name) do update
        set owner = excluded.owner,
            epoch = leases.epoch + 1,
            expires_at = excluded.expires_at
        returning epoch",
    )
    .bind(name)
    .bind(Uuid::new_v4())
    .fetch_one(conn)
    .await?;
    Ok(LeaseEpoch(epoch))
}
