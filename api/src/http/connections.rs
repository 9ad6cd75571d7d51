//! Limits the number of connections, in total and per address. When there are too many, the one that has waited longest
//! for its client is closed, so that slow clients displace each other and not others. It does not know what is sent.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::http::client_address::{TrustedProxies, one_subscriber};

/// A connection that has waited for less than this is not closed in favour of another one.
const SPARED: Duration = Duration::from_secs(1);
/// Marks a connection that is not waiting for its client.
const BUSY: u64 = u64::MAX;

/// The limits.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// The total.
    pub most: usize,
    /// From one address that is not a trusted proxy.
    pub most_an_address: usize,
    /// The trusted proxies, whose address all their clients share.
    pub proxies: TrustedProxies,
}

/// The open connections; cheap to clone.
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

/// One connection, to report whether it waits for its client.
pub(crate) struct Seat {
    address: IpAddr,
    started: Instant,
    /// Milliseconds after the start, or [`BUSY`].
    waits_since: AtomicU64,
    closed: CancellationToken,
}

/// A counted connection, until it is dropped.
pub(in crate::http) struct Counted {
    connections: Connections,
    pub(in crate::http) seat: Arc<Seat>,
}

impl Seat {
    /// A request has arrived completely: the client now waits for us.
    pub(crate) fn works(&self) {
        self.waits_since.store(BUSY, Ordering::Relaxed);
    }

    /// The answer is sent: we now wait for the client.
    pub(in crate::http) fn waits(&self) {
        self.waits_since.store(millis(self.started.elapsed()), Ordering::Relaxed);
    }

    /// Waits until the connection must be closed.
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
    /// Removes a connection.
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

/// The connection that has waited longest for its client, beyond the minimum.
fn longest_waiting<'a>(seats: impl Iterator<Item = &'a Arc<Seat>>, now: u64) -> Option<Arc<Seat>> {
    let since = |seat: &&Arc<Seat>| seat.waits_since.load(Ordering::Relaxed);
    seats.min_by_key(since).filter(|seat| since(seat).saturating_add(millis(SPARED)) <= now).cloned()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(BUSY - 1)
}

#[cfg(test)]
mod tests;
