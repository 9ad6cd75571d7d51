//! Which lots a payment uses: those that end soonest, and of these the oldest. A pure function of what was held at one
//! position of the log, so that anybody who folds the log to there can allocate again and must find the same lots.

use super::holdings::{Holdings, Lot};
use super::portion::Portion;
use crate::id::LotId;
use crate::moment::Moment;
use crate::quantity::Amount;

/// The most lots that one payment may use.
pub const MAX_LOTS: usize = 10_000;

/// There is less than is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortfall {
    /// How much is asked for.
    pub need: i64,
    /// How much can be used.
    pub have: i64,
}

/// Why no lots are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllocationRefusal {
    /// There is less than is needed.
    #[error("{} are needed and {} can be used", .0.need, .0.have)]
    Insufficient(Shortfall),
    /// It would take more lots than one payment may use.
    #[error("one payment uses at most {MAX_LOTS} lots, which cover {covers}")]
    TooManyLots {
        /// How much as many lots as allowed cover.
        covers: i64,
    },
}

impl Holdings {
    /// How much can be used at `at`: the free lots that have begun and not ended, less what is owed.
    #[must_use]
    pub fn available(&self, at: Moment) -> i64 {
        let free: i64 = self.usable(at).map(|(_, _, free)| free).sum();
        (free - self.owed()).max(0)
    }

    /// The lots that pay `amount` at `at`, in the order in which they are used.
    ///
    /// # Errors
    /// See [`AllocationRefusal`].
    pub fn allocate(&self, amount: Amount, at: Moment) -> Result<Vec<Portion>, AllocationRefusal> {
        let (need, have) = (amount.get(), self.available(at));
        if have < need {
            return Err(AllocationRefusal::Insufficient(Shortfall { need, have }));
        }
        let taken = self.take_up_to(need, at, None);
        match super::total(&taken) {
            covers if covers < need => Err(AllocationRefusal::TooManyLots { covers }),
            _ => Ok(taken),
        }
    }

    /// The lots that settle what is owed at `at`, as far as they go.
    #[must_use]
    pub fn settle(&self, at: Moment) -> Vec<Portion> {
        self.take_up_to(self.owed(), at, None)
    }

    /// All that is free and has not ended at `at`, whether it can be used already or not; at most as many lots as one
    /// event names.
    #[must_use]
    pub fn forfeit(&self, at: Moment) -> Vec<Portion> {
        let living = self.free_at(at).filter(|(_, lot, _)| !lot.dates.have_ended(at));
        living.filter_map(|(id, _, free)| Portion::of(id, free)).take(MAX_LOTS).collect()
    }

    /// What the first lots cover of `amount`, debts or not, `without` one of them.
    pub(super) fn take_up_to(&self, amount: i64, at: Moment, without: Option<LotId>) -> Vec<Portion> {
        let mut lots: Vec<_> = self.usable(at).filter(|(id, _, _)| Some(*id) != without).collect();
        lots.sort_unstable_by_key(|(id, lot, _)| order_of_use(*id, lot));
        let mut wanted = amount;
        let mut take = |(id, _, free): (LotId, &Lot, i64)| {
            let part = Portion::of(id, free.min(wanted))?;
            wanted -= part.amount.get();
            Some(part)
        };
        lots.into_iter().take(MAX_LOTS).map_while(&mut take).collect()
    }

    fn usable(&self, at: Moment) -> impl Iterator<Item = (LotId, &Lot, i64)> {
        self.free_at(at).filter(move |(_, lot, free)| *free > 0 && lot.dates.hold(at))
    }
}

/// The soonest end first, what never ends last; then the oldest. Lots of one event differ by their ids.
fn order_of_use(id: LotId, lot: &Lot) -> (bool, Option<Moment>, i64, LotId) {
    (lot.dates.expires_at.is_none(), lot.dates.expires_at, lot.position, id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::lifetime::LotDates;
    use chrono::{DateTime, TimeDelta};
    use std::collections::BTreeMap;
    use uuid::Uuid;

    fn now() -> Moment {
        DateTime::parse_from_rfc3339("2026-11-21T08:00:00Z").unwrap().into()
    }

    fn in_days(days: i64) -> Moment {
        (now().utc() + TimeDelta::days(days)).into()
    }

    fn id(number: u128) -> LotId {
        LotId(Uuid::from_u128(number))
    }

    fn lot(free: i64, from: i64, until: Option<i64>, position: i64) -> Lot {
        let dates = LotDates { available_from: in_days(from), expires_at: until.map(in_days) };
        Lot { amount: 100, free, expired: 0, dates, position }
    }

    fn holding(lots: impl IntoIterator<Item = Lot>, owed: i64) -> Holdings {
        let lots = lots.into_iter().enumerate().map(|(number, lot)| (id(number as u128), lot));
        Holdings::of(lots.collect(), BTreeMap::new(), owed)
    }

    #[track_caller]
    fn check(holdings: &Holdings, amount: i64, expected: &[(u128, i64)]) {
        let taken = holdings.allocate(amount.try_into().unwrap(), now()).unwrap();
        let expected: Vec<_> = expected.iter().map(|(lot, amount)| Portion::of(id(*lot), *amount).unwrap()).collect();
        assert_eq!(taken, expected);
    }

    #[test]
    fn the_soonest_end_is_used_first_and_then_the_oldest() {
        let lots = [lot(100, 0, None, 1), lot(100, 0, Some(9), 4), lot(100, 0, Some(3), 3), lot(100, 0, Some(9), 2)];
        let holdings = holding(lots, 0);
        check(&holdings, 100, &[(2, 100)]);
        check(&holdings, 150, &[(2, 100), (3, 50)]);
        check(&holdings, 350, &[(2, 100), (3, 100), (1, 100), (0, 50)]);
    }

    #[test]
    fn what_is_ahead_or_over_or_owed_pays_nothing() {
        let lots = [lot(100, 1, None, 1), lot(100, -9, Some(0), 2), lot(100, 0, Some(1), 3), lot(50, 0, None, 4)];
        let holdings = holding(lots, 30);
        assert_eq!(holdings.available(now()), 120);
        check(&holdings, 120, &[(2, 100), (3, 20)]);
        let short = AllocationRefusal::Insufficient(Shortfall { need: 121, have: 120 });
        assert_eq!(holdings.allocate(121.try_into().unwrap(), now()), Err(short));
        assert_eq!(holding([lot(10, 0, None, 1)], 30).available(now()), 0);
    }

    #[test]
    fn a_payment_uses_ten_thousand_lots_and_no_more() {
        let lots = (0..10_001).map(|position| lot(7, 0, None, position));
        let holdings = holding(lots, 0);
        assert_eq!(holdings.allocate(70_000.try_into().unwrap(), now()).unwrap().len(), MAX_LOTS);
        let refused = Err(AllocationRefusal::TooManyLots { covers: 70_000 });
        assert_eq!(holdings.allocate(70_001.try_into().unwrap(), now()), refused);
    }
}
