//! How much a follower takes at once, how long it rests, and how long it waits after trouble. It knows numbers and
//! durations, and nothing of what is followed.

use std::time::{Duration, Instant};

use super::BATCH_LIMIT;

/// A follower that is behind takes up to so many times its limit at once …
const MOST_TIMES_LIMIT: i64 = 8;
/// … while a batch takes less than this: nobody should wait longer for a lock.
const SLOW_BATCH: Duration = Duration::from_secs(1);
/// A batch of so many positions, and nothing beyond it, means that the log is busy …
const BUSY_POSITIONS: i64 = 32;
/// … and a follower then waits this long for more, whatever its rest and its batch take.
const BREATH: Duration = Duration::from_millis(10);
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

/// How long to wait after a batch of so many positions that was begun at a moment, with nothing beyond it.
pub(super) fn pause(rest: Duration, begun: Instant, taken: i64) -> Duration {
    let rest = rest.saturating_sub(begun.elapsed());
    if taken >= BUSY_POSITIONS { rest.max(BREATH) } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_millis(25);
    const AGES: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_follower_rests_from_the_beginning_of_its_batch_and_takes_breath_where_the_log_is_busy() {
        let now = Instant::now();
        let long_ago = now.checked_sub(AGES).unwrap();
        assert_eq!(pause(Duration::ZERO, now, 1), Duration::ZERO, "who does not rest goes on at once");
        assert!(pause(AGES, now, 1) > AGES / 2, "a small batch");
        assert_eq!(pause(REST, long_ago, 31), Duration::ZERO, "its rest is over");
        assert_eq!(pause(REST, long_ago, 32), BREATH, "it is over, but many come");
        assert_eq!(pause(Duration::ZERO, long_ago, 32), BREATH);
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
