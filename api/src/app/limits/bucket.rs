//! One rate limit policy with its token buckets, one for each key, which refill evenly over the window. Keys are stored
//! as hashes under a secret of the process. Their number is bounded: beyond it, new keys share a few thousand buckets
//! until old ones are full again and removed.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::{DashMapStateStore, ShrinkableKeyedStateStore};
use governor::{Quota, RateLimiter};

use crate::app::problem::{Budget, Code, Problem};

/// The most keys with a bucket of their own, of about 64 bytes each.
const MAX_BUCKETS: usize = 100_000;
/// The number of shared buckets for keys beyond that.
const SHARED_BUCKETS: u64 = 4_096;
/// After this many requests, full buckets are removed.
const FORGET_EVERY: u64 = 10_000;

/// A rate limit policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// Its name in the `RateLimit` headers.
    pub(crate) name: &'static str,
    /// This many units …
    pub(crate) units: u32,
    /// … within this many seconds.
    pub(crate) window_s: u32,
}

impl Policy {
    pub(crate) const fn a_minute(name: &'static str, units: u32) -> Self {
        Self { name, units, window_s: 60 }
    }

    pub(crate) const fn a_day(name: &'static str, units: u32) -> Self {
        Self { name, units, window_s: 24 * 60 * 60 }
    }

    /// How long one unit takes to refill.
    fn unit(&self) -> Duration {
        Duration::from_secs(self.window_s.into()) / self.units.max(1)
    }

    fn quota(&self) -> Quota {
        let burst = NonZeroU32::new(self.units).unwrap_or(NonZeroU32::MIN);
        Quota::with_period(self.unit()).unwrap_or_else(|| Quota::per_minute(burst)).allow_burst(burst)
    }
}

/// The state of all buckets.
#[derive(Clone, Default)]
struct Store(Arc<DashMapStateStore<u64>>);

impl StateStore for Store {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(key, f)
    }
}

impl ShrinkableKeyedStateStore<u64> for Store {
    fn retain_recent(&self, drop_below: Nanos) {
        ShrinkableKeyedStateStore::retain_recent(&*self.0, drop_below);
    }

    fn shrink_to_fit(&self) {
        ShrinkableKeyedStateStore::shrink_to_fit(&*self.0);
    }

    fn len(&self) -> usize {
        ShrinkableKeyedStateStore::len(&*self.0)
    }

    fn is_empty(&self) -> bool {
        ShrinkableKeyedStateStore::is_empty(&*self.0)
    }
}

type Limiter = RateLimiter<u64, Store, DefaultClock, StateInformationMiddleware>;

/// The buckets of one policy.
pub(crate) struct Buckets {
    policy: Policy,
    limiter: Limiter,
    store: Store,
    clock: DefaultClock,
    hashes: RandomState,
    counted: AtomicU64,
}

/// The result of taking units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    policy: (&'static str, u32, u32),
    remaining: u32,
    /// Until the bucket is full again, in seconds.
    full_in_s: u32,
    /// Refused; seconds until a unit is available again.
    refused_for_s: Option<u32>,
}

impl Count {
    /// The problem to answer with, if it was refused.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        let seconds = self.refused_for_s?;
        Some(Problem::new(Code::RateLimited).retry_after_s(seconds).budget(self.budget()))
    }

    /// The policy and what is left of it.
    pub(crate) fn budget(&self) -> Budget {
        Budget { policy: self.policy(), state: self.state() }
    }

    /// The policy as a header says it: so many within so many seconds.
    fn policy(&self) -> String {
        let (name, units, window_s) = self.policy;
        format!("\"{name}\";q={units};w={window_s}")
    }

    /// What is left of it.
    fn state(&self) -> String {
        format!("\"{}\";r={};t={}", self.policy.0, self.remaining, self.full_in_s)
    }
}

impl Buckets {
    pub(crate) fn new(policy: Policy) -> Self {
        let (store, clock) = (Store::default(), DefaultClock::default());
        Self {
            policy,
            limiter: RateLimiter::new(policy.quota(), store.clone(), clock.clone()),
            store,
            clock,
            hashes: RandomState::new(),
            counted: AtomicU64::new(0),
        }
    }

    /// Takes one unit, if there is one.
    pub(crate) fn count(&self, key: &impl Hash) -> Count {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let key = self.bucket(key);
        let Policy { name, units, window_s } = self.policy;
        let (remaining, refused_for_s) = match self.limiter.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(not_until) => (0, Some(seconds(not_until.wait_time_from(self.clock.now())).max(1))),
        };
        let missing = units - remaining.min(units);
        let full_in_s = seconds(self.policy.unit() * missing);
        Count { policy: (name, units, window_s), remaining, full_in_s, refused_for_s }
    }

    /// Takes this many units, or all that are left.
    pub(crate) fn count_all(&self, key: &impl Hash, units: u32) {
        let Some(all) = NonZeroU32::new(units) else { return };
        if !matches!(self.limiter.check_key_n(&self.bucket(key), all), Ok(Ok(_))) {
            let taken = (0..units).take_while(|_| self.count(key).refused_for_s.is_none()).count();
            tracing::debug!(policy = self.policy.name, units, taken, "rate limit exceeded");
        }
    }

    /// Whether there is a unit, without taking it.
    pub(crate) fn look(&self, key: &impl Hash) -> Count {
        let count = self.count(key);
        if count.refused_for_s.is_none() {
            self.give_back(key);
        }
        count
    }

    /// Returns a unit that was taken.
    pub(crate) fn give_back(&self, key: &impl Hash) {
        let unit = Nanos::from(self.policy.unit());
        let earlier = |full_at: Option<Nanos>| {
            Ok::<_, Infallible>(((), full_at.unwrap_or_else(|| Nanos::new(0)).saturating_sub(unit)))
        };
        let Ok(()) = self.store.measure_and_replace(&self.bucket(key), earlier);
    }

    /// The bucket of a key.
    fn bucket(&self, key: &impl Hash) -> u64 {
        let key = self.hashes.hash_one(key);
        if self.limiter.len() >= MAX_BUCKETS { key % SHARED_BUCKETS } else { key }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.limiter.len()
    }
}

/// Begun seconds.
fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(a_minute: u32) -> Buckets {
        Buckets::new(Policy::a_minute("test", a_minute))
    }

    #[test]
    fn a_unit_that_is_given_back_is_there_again_and_no_more_than_that() {
        let buckets = buckets(10);
        for _ in 0..100 {
            assert_eq!(buckets.count(&"one").refused_for_s, None);
            buckets.give_back(&"one");
        }
        assert_eq!(buckets.look(&"one").remaining, 9);
        (0..20).for_each(|_| buckets.give_back(&"one"));
        let let_in = (0..20).filter(|_| buckets.count(&"one").refused_for_s.is_none()).count();
        assert_eq!(let_in, 10, "a bucket is never fuller than full");
        assert!(buckets.look(&"one").refused_for_s.is_some());
    }

    #[test]
    fn units_that_were_used_beyond_what_is_there_leave_nothing() {
        let buckets = Buckets::new(Policy::a_day("test", 5));
        buckets.count_all(&"one", 3);
        assert_eq!(buckets.look(&"one").remaining, 1, "the look itself is one of the two");
        buckets.count_all(&"one", 1_000);
        let refused = buckets.look(&"one");
        assert_eq!(refused.policy(), "\"test\";q=5;w=86400");
        assert!(refused.refused_for_s.is_some_and(|wait| (17_000..=17_280).contains(&wait)), "{refused:?}");
    }

    #[test]
    fn so_many_are_allowed_and_one_more_is_told_when() {
        let buckets = buckets(10);
        for left in (0..10).rev() {
            let count = buckets.count(&"one");
            assert_eq!((count.remaining, count.refused_for_s), (left, None));
        }
        let refused = buckets.count(&"one");
        assert_eq!((refused.remaining, refused.refused_for_s), (0, Some(6)));
        assert_eq!(refused.policy(), "\"test\";q=10;w=60");
        assert_eq!(refused.state(), "\"test\";r=0;t=60");
        assert_eq!(buckets.count(&"another").refused_for_s, None);
    }

    #[test]
    fn a_million_callers_take_no_more_room_than_there_is_and_nobody_gets_round_it() {
        let buckets = buckets(10);
        for caller in 0..1_000_000_u32 {
            buckets.count(&caller);
        }
        let room = MAX_BUCKETS + usize::try_from(SHARED_BUCKETS).unwrap();
        assert!(buckets.len() <= room, "{} buckets", buckets.len());
        let refused = (0..100_000).filter(|_| buckets.count(&"a flooder").refused_for_s.is_some()).count();
        assert!(refused > 99_900, "only {refused} of 100,000 requests of one caller were refused");
    }
}
