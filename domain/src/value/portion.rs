//! Parts of lots: what a payment takes, a release gives back or an expiry ends. The order in which they stand is the order in
//! which they were taken. When a lot begins and ends is written in the event that gave it, and nowhere else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lifetime::LotDates;
use crate::id::LotId;
use crate::quantity::Amount;

/// So much of one lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Portion {
    /// Of which lot.
    pub lot_id: LotId,
    /// How much.
    pub amount: Amount,
}

impl Portion {
    /// So much of a lot; `None` for nothing, and for more than a lot can have.
    #[must_use]
    pub fn of(lot_id: LotId, amount: i64) -> Option<Self> {
        Amount::try_from(amount).ok().map(|amount| Self { lot_id, amount })
    }
}

/// A lot that an event gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewLot {
    /// Its id.
    pub lot_id: LotId,
    /// How much.
    pub amount: Amount,
    /// From when it can be used …
    pub available_from: crate::Moment,
    /// … and from when not any more; absent for what never ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<crate::Moment>,
}

impl NewLot {
    /// A lot with its days.
    #[must_use]
    pub fn of(lot_id: LotId, amount: Amount, dates: LotDates) -> Self {
        Self { lot_id, amount, available_from: dates.available_from, expires_at: dates.expires_at }
    }

    /// From when to when it is good.
    #[must_use]
    pub fn dates(&self) -> LotDates {
        LotDates { available_from: self.available_from, expires_at: self.expires_at }
    }
}

/// How much it is together.
#[must_use]
pub fn total(portions: &[Portion]) -> i64 {
    portions.iter().map(|portion| portion.amount.get()).sum()
}

/// What was taken first, up to `amount`, and the rest.
#[must_use]
pub fn first(portions: &[Portion], amount: i64) -> (Vec<Portion>, Vec<Portion>) {
    let (mut taken, mut rest, mut wanted) = (vec![], vec![], amount.max(0));
    for portion in portions {
        let here = portion.amount.get().min(wanted);
        taken.extend(Portion::of(portion.lot_id, here));
        rest.extend(Portion::of(portion.lot_id, portion.amount.get() - here));
        wanted -= here;
    }
    (taken, rest)
}

/// What was taken last, up to `amount`, leaving out the last `done`; what was taken last stands first.
#[must_use]
pub fn last(portions: &[Portion], done: i64, amount: i64) -> Vec<Portion> {
    let backwards: Vec<Portion> = portions.iter().rev().copied().collect();
    first(&first(&backwards, done).1, amount).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn portions(amounts: &[(u128, i64)]) -> Vec<Portion> {
        amounts.iter().map(|(lot, amount)| Portion::of(LotId(Uuid::from_u128(*lot)), *amount).unwrap()).collect()
    }

    #[test]
    fn a_part_is_split_where_the_amount_ends() {
        let taken = portions(&[(1, 100), (2, 50), (3, 150)]);
        assert_eq!(first(&taken, 120), (portions(&[(1, 100), (2, 20)]), portions(&[(2, 30), (3, 150)])));
        assert_eq!(first(&taken, 300), (taken.clone(), vec![]));
        assert_eq!(first(&taken, 0), (vec![], taken.clone()));
        assert_eq!(total(&taken), 300);
    }

    #[test]
    fn what_was_taken_last_comes_back_first() {
        let taken = portions(&[(1, 100), (2, 50), (3, 150)]);
        assert_eq!(last(&taken, 0, 160), portions(&[(3, 150), (2, 10)]));
        assert_eq!(last(&taken, 160, 50), portions(&[(2, 40), (1, 10)]));
        assert_eq!(last(&taken, 210, 90), portions(&[(1, 90)]));
        assert_eq!(last(&taken, 300, 1), vec![]);
    }
}
