//! What becomes of a grant of points that is taken back after some of it was used: by the unit's rule it is taken from what
//! else the member has, owed, or written off. Held points are never taken: they are promised.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UnitCode;
use super::account::{Account, Entry, LotChange};
use super::allocation::MAX_LOTS;
use super::holdings::Holdings;
use super::portion::{Portion, total};
use crate::id::{LotId, MemberId};
use crate::moment::Moment;

/// What a reversal takes when the grant was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnReversal {
    /// What is left of the grant and what else can be used; the rest is written off.
    #[default]
    WithinBalance,
    /// The same; the rest is owed.
    Negative,
    /// What of the grant cannot be used yet; the rest is written off.
    PendingOnly,
}

impl OnReversal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WithinBalance, Self::Negative, Self::PendingOnly];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WithinBalance => "within_balance",
            Self::Negative => "negative",
            Self::PendingOnly => "pending_only",
        }
    }
}

/// What a reversal took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TakenBack {
    /// Of what.
    pub unit: UnitCode,
    /// From which lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<Portion>,
    /// What the member owes from then on.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub owed: i64,
    /// What nobody asks for any more.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub written_off: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_nothing(amount: &i64) -> bool {
    *amount == 0
}

impl Holdings {
    /// Takes a lot back: what is left of it, then by the unit's rule other lots. What of it ended unused is gone already
    /// and is not asked for again.
    #[must_use]
    pub fn take_back(&self, unit: UnitCode, id: LotId, rule: OnReversal, at: Moment) -> TakenBack {
        let own = self.free_at(at).find(|(lot, _, _)| *lot == id);
        let Some((_, lot, free)) = own else { return TakenBack { unit, lots: vec![], owed: 0, written_off: 0 } };
        let ended = lot.dates.have_ended(at);
        let wanted = lot.amount - lot.expired - if ended { free } else { 0 };
        let may_take = match rule {
            OnReversal::WithinBalance | OnReversal::Negative => !ended,
            OnReversal::PendingOnly => lot.dates.are_ahead(at),
        };
        let mut lots: Vec<Portion> = Portion::of(id, if may_take { free } else { 0 }).into_iter().collect();
        if rule != OnReversal::PendingOnly {
            let rest = wanted - total(&lots);
            let others = self.take_up_to(rest, at, Some(id));
            lots.extend(others.into_iter().take(MAX_LOTS - lots.len()));
        }
        let rest = wanted - total(&lots);
        let owed = if rule == OnReversal::Negative { rest } else { 0 };
        TakenBack { unit, lots, owed, written_off: rest - owed }
    }
}

impl TakenBack {
    /// From the wallet, and from what is owed.
    pub(crate) fn entries(&self, member: MemberId) -> [Entry<'_>; 2] {
        let owed = Entry {
            member,
            unit: &self.unit,
            from: Account::Receivable,
            to: Account::TakenBack,
            lots: LotChange::None(self.owed),
        };
        [Entry::of(member, &self.unit, Account::Wallet, Account::TakenBack, &self.lots), owed]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Lot, LotDates};
    use chrono::{DateTime, TimeDelta};
    use std::collections::BTreeMap;
    use uuid::Uuid;

    fn at(hours: i64) -> Moment {
        let start = DateTime::parse_from_rfc3339("2026-11-21T00:00:00Z").unwrap();
        (start + TimeDelta::hours(hours)).into()
    }

    fn id(number: u128) -> LotId {
        LotId(Uuid::from_u128(number))
    }

    /// Lots of 100 points that can be used from one hour to another: (free, expired, from, until).
    fn holding(lots: &[(i64, i64, i64, i64)]) -> Holdings {
        let lot = |(number, (free, expired, from, until)): (usize, &(i64, i64, i64, i64))| {
            let dates = LotDates { available_from: at(*from), expires_at: Some(at(*until)) };
            let position = i64::try_from(number).unwrap();
            (id(number as u128), Lot { amount: 100, free: *free, expired: *expired, dates, position })
        };
        Holdings::of(lots.iter().enumerate().map(lot).collect(), BTreeMap::new(), 0)
    }

    #[track_caller]
    fn check(lots: &[(i64, i64, i64, i64)], rule: OnReversal, expected: (&[(u128, i64)], i64, i64)) {
        let taken = holding(lots).take_back(UnitCode::points(), id(0), rule, at(0));
        let portions: Vec<_> = expected.0.iter().map(|(lot, amount)| Portion::of(id(*lot), *amount).unwrap()).collect();
        assert_eq!(
            (taken.lots, taken.owed, taken.written_off),
            (portions, expected.1, expected.2),
            "{rule:?} {lots:?}"
        );
    }

    #[test]
    fn its_own_lot_is_taken_first_then_what_else_can_be_used() {
        let (live, soon, ahead) = ((40, 0, -9, 99), (100, 0, -9, 9), (100, 0, 1, 5));
        check(&[live, ahead, soon], OnReversal::WithinBalance, (&[(0, 40), (2, 60)], 0, 0));
        check(&[live, ahead], OnReversal::WithinBalance, (&[(0, 40)], 0, 60));
        check(&[live, ahead], OnReversal::Negative, (&[(0, 40)], 60, 0));
        check(&[(0, 0, -9, 99)], OnReversal::Negative, (&[], 100, 0));
    }

    #[test]
    fn what_cannot_be_used_yet_is_all_that_some_units_take_back() {
        check(&[(100, 0, 1, 99), (100, 0, -9, 9)], OnReversal::PendingOnly, (&[(0, 100)], 0, 0));
        check(&[(100, 0, -1, 99), (100, 0, -9, 9)], OnReversal::PendingOnly, (&[], 0, 100));
        check(&[(100, 0, 1, 99), (100, 0, -9, 9)], OnReversal::WithinBalance, (&[(0, 100)], 0, 0));
    }

    #[test]
    fn what_ended_unused_is_not_asked_for_again() {
        check(&[(0, 30, -9, -1), (100, 0, -9, 9)], OnReversal::Negative, (&[(1, 70)], 0, 0));
        check(&[(30, 0, -9, -1), (100, 0, -9, 9)], OnReversal::Negative, (&[(1, 70)], 0, 0));
        check(&[(0, 100, -9, -1)], OnReversal::Negative, (&[], 0, 0));
    }
}
