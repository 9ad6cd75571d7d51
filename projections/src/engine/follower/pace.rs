//! How much a follower takes at once, how long it rests, and how long it waits after trouble. It knows numbers and
//! durations, and nothing of what is followed.

use std::time::{Duration, Instant};

use super::BATCH_LIMIT;

/// A follower that is behind takes up to so many times its limit at once …
const MOST_TIMES_LIMIT: i64 = 8;
/// … while a batch takes less than this: nobody should wait longer for a lock.
const SLOW_BATCH: Duration = Duration::from_secs(1);
/// Where so many events come in a second, the log is busy.
const BUSY_PER_SECOND: f64 = 2_000.0;
/// What came longer ago says little about that, and what comes all at once no more than if it had come in this time.
const REMEMBERED: Duration = Duration::from_millis(100);
/// How long the first wait after trouble is; each further one is twice as long …
const FIRST_BACK_OFF_MS: u64 = 50;
/// … up to this.
pub(super) const LAST_BACK_OFF_MS: u64 = 5_000;

/// A batch that was full and quick is followed by a larger one, a slow one by a smaller one; what fails as a whole
/// may go through in pieces.
#[derive(Debug, Default)]
pub(super) struct Pace {
    failures: u32,
    positions: Option<i64>,
}

impl Pace {
    /// How many positions to take at once.
    pub(super) fn positions(&self, limit: i64) -> i64 {
        self.positions.unwrap_or(limit).clamp(1, limit.max(1) * MOST_TIMES_LIMIT)
    }

    /// How long to wait after trouble.
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

/// How long a follower waits from the beginning of one batch to that of the next: a batch costs much the same whatever
/// is in it, and what is spent on small ones is missing where claims are decided. An event that comes after a pause is
/// taken in at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchInterval {
    /// Where events come all the time.
    pub usual: Duration,
    /// Where they come so fast that the machine may have nothing left.
    pub busy: Duration,
}

impl BatchInterval {
    /// Of so many ms.
    #[must_use]
    pub const fn ms(usual: u64, busy: u64) -> Self {
        Self { usual: Duration::from_millis(usual), busy: Duration::from_millis(busy) }
    }

    /// Where so many events come in a second.
    fn at(self, per_second: f64) -> Duration {
        if per_second >= BUSY_PER_SECOND { self.busy } else { self.usual }
    }
}

/// How fast events come, smoothed: where a machine is short of time, they come in bursts that say nothing.
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

    /// What remains of the rest after a batch of so many positions that was begun at a moment.
    pub(super) fn wait_after(&mut self, interval: BatchInterval, positions: i64, begun: Instant) -> Duration {
        let before = std::mem::replace(&mut self.begun, begun);
        self.came(positions, begun.saturating_duration_since(before));
        interval.at(self.per_second).saturating_sub(begun.elapsed())
    }

    /// So many events came within a time.
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

    /// How it rests after batches of so many events within so many ms each.
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
