//! One policy and how far everybody has used it up: a bucket a key, which fills again evenly over a
//! minute. Keys are kept as hashes under a secret of the process, and there are never more than so many:
//! beyond that, newcomers share a few thousand buckets until old ones are full again and forgotten.

use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// How many buckets of their own there are: 64 bytes each, give or take.
const MAX_BUCKETS: usize = 100_000;
/// How many buckets are shared beyond that.
const SHARED_BUCKETS: u64 = 4_096;
/// After so many requests the full buckets are forgotten.
const FORGET_EVERY: u64 = 10_000;

/// How much is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    /// Its name in the headers.
    pub(super) name: &'static str,
    /// How many requests a minute.
    pub(super) a_minute: u32,
}

type Limiter = RateLimiter<u64, DashMapStateStore<u64>, DefaultClock, StateInformationMiddleware>;

/// The buckets of one policy.
pub(super) struct Buckets {
    policy: Policy,
    limiter: Limiter,
    clock: DefaultClock,
    hashes: RandomState,
    counted: AtomicU64,
}

/// What came of counting one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    name: &'static str,
    a_minute: u32,
    remaining: u32,
    /// Until the bucket is full again, in seconds.
    full_in_s: u32,
    /// Refused, and for how many seconds.
    pub(super) refused_for_s: Option<u32>,
}

impl Buckets {
    pub(super) fn new(policy: Policy) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(policy.a_minute).unwrap_or(NonZeroU32::MIN));
        Self {
            policy,
            limiter: RateLimiter::dashmap(quota).with_middleware(),
            clock: DefaultClock::default(),
            hashes: RandomState::new(),
            counted: AtomicU64::new(0),
        }
    }

    pub(super) fn count(&self, key: &impl Hash) -> Count {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let mut key = self.hashes.hash_one(key);
        if self.limiter.len() >= MAX_BUCKETS {
            key %= SHARED_BUCKETS;
        }
        let Policy { name, a_minute } = self.policy;
        let (remaining, refused_for_s) = match self.limiter.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(not_until) => (0, Some(seconds(not_until.wait_time_from(self.clock.now())).max(1))),
        };
        let missing = u64::from(a_minute - remaining.min(a_minute));
        let full_in_s = seconds(Duration::from_millis(missing * 60_000 / u64::from(a_minute)));
        Count { name, a_minute, remaining, full_in_s, refused_for_s }
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

impl Count {
    /// The policy as a header says it: so many within 60 s.
    pub(super) fn policy(&self) -> String {
        format!("\"{}\";q={};w=60", self.name, self.a_minute)
    }

    /// What is left of it.
    pub(super) fn state(&self) -> String {
        format!("\"{}\";r={};t={}", self.name, self.remaining, self.full_in_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(a_minute: u32) -> Buckets {
        Buckets::new(Policy { name: "test", a_minute })
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
