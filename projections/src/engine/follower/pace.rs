//! How large a follower's batches are, how long it waits between them, and how long it backs off after a failure. It
//! knows numbers and durations only.

use std::time::{Duration, Instant};

use super::BATCH_LIMIT;

/// A follower that lags behind takes up to this many times its limit at once …
const MOST_TIMES_LIMIT: i64 = 8;
/// … while a batch takes less than this: nobody should wait longer for a lock.
const SLOW_BATCH: Duration = Duration::from_secs(1);
/// From this many events a second on, the log counts as busy.
const BUSY_PER_SECOND: f64 = 2_000.0;
/// The time constant of the smoothed rate: older events hardly count, and a burst counts as if it had been spread over
/// this time.
const REMEMBERED: Duration = Duration::from_millis(100);
/// The first back-off after a failure; each further one is twice as long …
const FIRST_BACK_OFF_MS: u64 = 50;
/// … up to this.
pub(super) const LAST_BACK_OFF_MS: u64 = 5_000;

/// A full and fast batch is followed by a larger one, a slow one by a smaller one. After a failure batches shrink: what
/// fails as a whole may succeed in parts.
#[derive(Debug, Default)]
pub(super) struct Pace {
    failures: u32,
    positions: Option<i64>,
}

impl Pace {
    /// How many positions the next batch may have.
    pub(super) fn positions(&self, limit: i64) -> i64 {
        self.positions.unwrap_or(limit).clamp(1, limit.max(1) * MOST_TIMES_LIMIT)
    }

    /// How long to wait after a failure.
    pub(super) fn back_off(&mut self) -> Duration {
        self.positions = Some((self.positions.unwrap_or(BATCH_LIMIT) / 2).max(1));
        let wait = FIRST_BACK_OFF_MS.saturating_mul(1 << self.failures.min(10));
        self.failures += 1;
        Duration::from_millis(wait.min(LAST_BACK_OFF_MS))
    }

    /// A batch of so many positions took so long.
    pub(super) fn went_well(&mut self, limit: i64, taken: i64, took: Duration) {
        self.failures = 0;
        let most = self.positions(limit);
        if took > SLOW_BATCH {
            self.positions = Some((taken / 2).max(1));
        } else if taken >= most {
            self.positions = Some(most.saturating_mul(2));
        }
    }
}

/// How long a follower waits from the start of one batch to the start of the next: a batch costs much the same whatever
/// its size, and the time spent on small ones is taken from claims. An event that comes after a pause is processed at
/// once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchInterval {
    /// While events come steadily.
    pub usual: Duration,
    /// While they come so fast that the machine may be saturated.
    pub busy: Duration,
}

impl BatchInterval {
    /// In milliseconds.
    #[must_use]
    pub const fn ms(usual: u64, busy: u64) -> Self {
        Self { usual: Duration::from_millis(usual), busy: Duration::from_millis(busy) }
    }

    /// The interval at this many events a second.
    fn at(self, per_second: f64) -> Duration {
        if per_second >= BUSY_PER_SECOND { self.busy } else { self.usual }
    }
}

/// The rate of events, smoothed: on a loaded machine they come in bursts that say nothing about the rate.
#[derive(Debug)]
pub(super) struct EventRate {
    /// When the last batch was begun.
    begun: Instant,
    per_second: f64,
}

impl EventRate {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), per_second: 0.0 }
    }

    /// What remains of the interval after a batch of this many positions that was begun at a moment.
    pub(super) fn wait_after(&mut self, interval: BatchInterval, positions: i64, begun: Instant) -> Duration {
        let before = std::mem::replace(&mut self.begun, begun);
        self.came(positions, begun.saturating_duration_since(before));
        interval.at(self.per_second).saturating_sub(begun.elapsed())
    }

    /// Takes in that this many events came within a time.
    fn came(&mut self, events: i64, within: Duration) {
        let within = within.as_secs_f64().max(f64::EPSILON);
        let share = -(-within / REMEMBERED.as_secs_f64()).exp_m1();
        self.per_second += (events as f64 / within - self.per_second) * share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(10, 100);

    /// The interval after batches of (events, ms) each.
    #[track_caller]
    fn check(batches: &[(i64, u64)], wanted: Duration, why: &str) {
        let mut rate = EventRate::new();
        batches.iter().for_each(|(events, ms)| rate.came(*events, Duration::from_millis(*ms)));
        assert_eq!(BATCH_INTERVAL.at(rate.per_second), wanted, "{why}");
    }

    #[test]
    fn a_follower_rests_longer_where_events_come_fast() {
        check(&[], BATCH_INTERVAL.usual, "nothing came");
        check(&[(1, 0)], BATCH_INTERVAL.usual, "one event says nothing, however soon it comes");
        check(&[(1, 1); 1_000], BATCH_INTERVAL.usual, "a thousand a second");
        check(&[(60, 60), (40, 2), (1, 1)], BATCH_INTERVAL.usual, "the same, in bursts");
        check(&[(500, 1_000)], BATCH_INTERVAL.usual, "many after a long time");
        check(&[(250, 0)], BATCH_INTERVAL.busy, "very many at once");
        check(&[(19, 10); 100], BATCH_INTERVAL.usual, "nearly busy");
        check(&[(21, 10); 100], BATCH_INTERVAL.busy, "busy");
        check(&[(150, 10); 2], BATCH_INTERVAL.busy, "so busy that it shows at once");
        check(&[&[(210, 100); 10][..], &[(1, 100); 3]].concat(), BATCH_INTERVAL.usual, "no more");
    }

    #[test]
    fn a_rest_begins_with_its_batch() {
        let hour = Duration::from_secs(3_600);
        let (now, long) = (Instant::now(), BatchInterval { usual: hour, busy: hour });
        let mut rate = EventRate::new();
        let rests = rate.wait_after(long, 1, now);
        assert!(rests > hour / 2 && rests <= hour, "{rests:?}");
        assert_eq!(
            rate.wait_after(BatchInterval::ms(10, 100), 1, now.checked_sub(hour).unwrap()),
            Duration::ZERO,
            "it is over"
        );
    }

    #[test]
    fn batches_grow_while_they_are_full_and_shrink_when_they_are_slow_or_fail() {
        let mut pace = Pace::default();
        for wanted in [2_000, 4_000, 8_000, 8_000] {
            pace.went_well(1_000, pace.positions(1_000), Duration::ZERO);
            assert_eq!(pace.positions(1_000), wanted);
        }
        pace.went_well(1_000, 8_000, Duration::from_secs(2));
        assert_eq!(pace.positions(1_000), 4_000);
        let waits: Vec<u128> = (0..9).map(|_| pace.back_off().as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(pace.positions(1_000), 7);
    }
}
