//! How many connections there may be, in all and from one address, and who has to go when there are too many: the one that
//! has waited longest for its client to send something. So slow clients cost each other their connections, and not those
//! of others. It does not know what is sent over them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::http::client_address::{TrustedProxies, one_subscriber};

/// A connection that has waited for less than this is not closed for the sake of another one.
const SPARED: Duration = Duration::from_secs(1);
/// A connection that waits for nobody.
const BUSY: u64 = u64::MAX;

/// How many connections there may be.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// In all.
    pub most: usize,
    /// From one address, unless it is that of a trusted proxy.
    pub most_an_address: usize,
    /// The proxies: all of their clients come from their address.
    pub proxies: TrustedProxies,
}

/// The connections that there are; cheap to clone.
#[derive(Clone)]
pub(in crate::http) struct Connections(Arc<Shared>);

struct Shared {
    limits: ConnectionLimits,
    started: Instant,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    in_all: usize,
    by_address: HashMap<IpAddr, Vec<Arc<Seat>>>,
}

/// One connection, for those who know whether it waits for its client.
pub(crate) struct Seat {
    address: IpAddr,
    started: Instant,
    /// Milliseconds after the start, or [`BUSY`].
    waits_since: AtomicU64,
    closed: CancellationToken,
}

/// A connection that counts until this is dropped.
pub(in crate::http) struct Counted {
    connections: Connections,
    pub(in crate::http) seat: Arc<Seat>,
}

impl Seat {
    /// A request is here as a whole: from now on the client waits for us.
    pub(crate) fn works(&self) {
        self.waits_since.store(BUSY, Ordering::Relaxed);
    }

    /// From now on we wait for the client.
    pub(in crate::http) fn waits(&self) {
        self.waits_since.store(millis(self.started.elapsed()), Ordering::Relaxed);
    }

    /// Waits until the connection has to go.
    pub(in crate::http) async fn has_to_go(&self) {
        self.closed.cancelled().await;
    }
}

impl Connections {
    pub(in crate::http) fn new(limits: ConnectionLimits) -> Self {
        Self::started(limits, Instant::now())
    }

    fn started(limits: ConnectionLimits, started: Instant) -> Self {
        Self(Arc::new(Shared { limits, started, open: Mutex::default() }))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a new connection; `None` when there is no room for it.
    pub(in crate::http) fn admit(&self, peer: IpAddr) -> Option<Counted> {
        let Shared { limits, started, .. } = &*self.0;
        let is_proxy = limits.proxies.trusts(peer.to_canonical());
        let address = one_subscriber(peer.to_canonical());
        let now = millis(started.elapsed());
        let mut open = self.open();
        let of_address = open.by_address.get(&address).map(Vec::as_slice).unwrap_or_default();
        let in_the_way = if !is_proxy && of_address.len() >= limits.most_an_address {
            Some(longest_waiting(of_address.iter(), now)?)
        } else if open.in_all >= limits.most {
            Some(longest_waiting(open.by_address.values().flatten(), now)?)
        } else {
            None
        };
        if let Some(seat) = in_the_way {
            open.remove(&seat);
            seat.closed.cancel();
        }
        let (started, waits_since, closed) = (*started, AtomicU64::new(now), CancellationToken::new());
        let seat = Arc::new(Seat { address, started, waits_since, closed });
        open.in_all += 1;
        open.by_address.entry(address).or_default().push(Arc::clone(&seat));
        Some(Counted { connections: self.clone(), seat })
    }
}

impl Open {
    /// From now on it does not count.
    fn remove(&mut self, seat: &Arc<Seat>) {
        let Some(seats) = self.by_address.get_mut(&seat.address) else { return };
        let Some(place) = seats.iter().position(|other| Arc::ptr_eq(other, seat)) else { return };
        seats.swap_remove(place);
        self.in_all -= 1;
        if seats.is_empty() {
            self.by_address.remove(&seat.address);
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.connections.open().remove(&self.seat);
    }
}

/// Who has waited longest for its client, and not only for a moment.
fn longest_waiting<'a>(seats: impl Iterator<Item = &'a Arc<Seat>>, now: u64) -> Option<Arc<Seat>> {
    let since = |seat: &&Arc<Seat>| seat.waits_since.load(Ordering::Relaxed);
    seats.min_by_key(since).filter(|seat| since(seat).saturating_add(millis(SPARED)) <= now).cloned()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(BUSY - 1)
}

#[cfg(test)]
mod tests;
