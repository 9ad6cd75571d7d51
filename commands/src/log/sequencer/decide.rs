//! Who of a batch may write, decided in memory from what is known of the log: the versions of
//! streams and the guard rows. What is not known is left to the constraints of the database.

use std::collections::{BTreeSet, HashMap};

use domain::id::RewardId;

use crate::guards::Guards;
use crate::guards::acts::TouchedDays;
use crate::guards::value_totals::TouchedLots;
use crate::log::append::{Append, AppendError, StreamKey};

/// Beyond this many streams all versions are forgotten: they are knowledge, not truth.
const MAX_KNOWN_STREAMS: usize = 200_000;

/// What the writer knows of the log, true as long as nobody else has moved the head.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The last sequence of a stream.
    pub(super) streams: HashMap<StreamKey, i64>,
    /// The guard rows.
    pub(super) guards: Guards,
    /// Rewards of which few codes are left, once what was judged is written.
    pub(super) low_codes: BTreeSet<RewardId>,
}

impl Known {
    /// Judges the commands in the order in which they came; each sees what those before it do. Whoever may write is told the
    /// numbers of the coupons that the command hands out.
    pub(super) fn judge<'a>(&mut self, batch: impl Iterator<Item = &'a Append>) -> Vec<Result<Vec<i64>, AppendError>> {
        if self.streams.len() > MAX_KNOWN_STREAMS {
            self.streams.clear();
        }
        let (mut lots, mut days) = (TouchedLots::default(), TouchedDays::default());
        batch.map(|append| self.judge_one(append, &mut lots, &mut days)).collect()
    }

    fn judge_one(
        &mut self,
        append: &Append,
        lots: &mut TouchedLots,
        days: &mut TouchedDays,
    ) -> Result<Vec<i64>, AppendError> {
        let behind = |key: &StreamKey, expected: i64| self.streams.get(key).is_some_and(|known| *known != expected);
        if let Some((key, _)) = append.expects.iter().find(|(key, expected)| behind(key, *expected)) {
            return Err(AppendError::Conflict(key.clone()));
        }
        let mut written: HashMap<&StreamKey, i64> = HashMap::with_capacity(append.events.len());
        for event in &append.events {
            let before = event.sequence - 1;
            let stale = match written.insert(&event.stream, event.sequence) {
                Some(own) => own != before,
                None => behind(&event.stream, before),
            };
            if stale {
                return Err(AppendError::Conflict(event.stream.clone()));
            }
        }
        if !lots.take_in(&append.value) || !days.take_in(&append.value) {
            return Err(AppendError::Conflict(append.first_stream()));
        }
        self.guards.apply(&append.guards, &append.caps)?;
        let numbers = self.guards.coupon_numbers(&append.value);
        if !numbers.is_empty() {
            self.low_codes.extend(self.guards.low_on_codes(&append.value));
        }
        for event in &append.events {
            self.streams.insert(event.stream.clone(), event.sequence);
        }
        Ok(numbers)
    }

    /// Forgets everything: somebody else wrote, or a write failed.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Whether a command must be written by itself, under the lock of the head.
pub(super) fn stands_alone(append: &Append) -> bool {
    append.also.is_some() || append.guards.iter().any(|change| !change.is_of_a_claim())
}
