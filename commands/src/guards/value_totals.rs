//! The changes of a batch to the guard rows of value, summed up a row: a row that several commands of a batch change is
//! written once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::NaiveDate;
use domain::Moment;
use domain::budget::BudgetUnit;
use domain::id::{LotId, RedemptionId};
use domain::value::{HoldId, NewLot, Portion};
use uuid::Uuid;

use super::acts::Act;
use super::spent;
use super::value::ValueChange;

/// Whose wallet of which unit.
type Wallet = (Uuid, String);
/// Of which scope and unit on which day.
pub(crate) type SpentKey = (Uuid, BudgetUnit, NaiveDate);

/// The changes of a batch.
#[derive(Debug, Default)]
pub(crate) struct ValueTotals {
    /// Lots that begin.
    pub(crate) given: BTreeMap<(Wallet, Uuid), GivenLot>,
    /// By how much more of a lot is free, and has ended unused.
    pub(crate) moved: BTreeMap<(Wallet, Uuid), (i64, i64)>,
    /// Holds that begin.
    pub(crate) begun: BTreeMap<Uuid, BegunHold>,
    /// Holds that end.
    pub(crate) ended: BTreeSet<Uuid>,
    /// By how much more a member owes.
    pub(crate) owed: BTreeMap<Wallet, i64>,
    /// What is limited by the day.
    pub(crate) acts: Vec<Act>,
    /// By how much more is counted against budgets.
    pub(crate) spent: BTreeMap<SpentKey, i64>,
    /// Coupons that are handed out, by reward and number: whose claim.
    pub(crate) coupons: BTreeMap<(Uuid, i64), Uuid>,
    /// Uses of coupons that begin.
    pub(crate) uses_begun: BTreeMap<Uuid, BegunUse>,
    /// Uses of coupons that go on: where they stand from now on.
    pub(crate) uses_gone_on: BTreeMap<Uuid, &'static str>,
}

/// A use of a coupon that begins, as this batch leaves it.
#[derive(Debug)]
pub(crate) struct BegunUse {
    pub(crate) claim: Uuid,
    pub(crate) status: &'static str,
    pub(crate) expires_at: Option<Moment>,
}

/// A lot that begins, as far as this batch leaves it.
#[derive(Debug)]
pub(crate) struct GivenLot {
    pub(crate) lot: NewLot,
    pub(crate) position: i64,
    pub(crate) free: i64,
    pub(crate) expired: i64,
}

/// A hold that begins.
#[derive(Debug)]
pub(crate) struct BegunHold {
    pub(crate) wallet: Wallet,
    pub(crate) held_by: &'static str,
    pub(crate) expires_at: Moment,
    /// As arrays are written in SQL: a set of rows has no columns of arrays.
    pub(crate) lots: String,
    pub(crate) amounts: String,
}

impl ValueTotals {
    /// Whether the batch changes nothing of wallets and budgets, nor what is limited by the day.
    pub(crate) fn is_without_wallets(&self) -> bool {
        let Self { given, moved, begun, ended, owed, acts, spent, .. } = self;
        given.is_empty()
            && moved.is_empty()
            && begun.is_empty()
            && ended.is_empty()
            && owed.is_empty()
            && acts.is_empty()
            && spent.is_empty()
    }

    /// Whether it changes nothing of coupons.
    pub(crate) fn is_without_coupons(&self) -> bool {
        let Self { coupons, uses_begun, uses_gone_on, .. } = self;
        coupons.is_empty() && uses_begun.is_empty() && uses_gone_on.is_empty()
    }

    /// Adds the changes of a command whose first event stands at `first`; `numbers` are those of the coupons that it hands
    /// out, in order.
    pub(crate) fn add_all(&mut self, changes: &[ValueChange], first: i64, numbers: &[i64]) {
        let mut numbers = numbers.iter();
        changes.iter().for_each(|change| self.add(change, first, &mut numbers));
    }

    fn go_on(&mut self, redemption: Uuid, status: &'static str) {
        match self.uses_begun.get_mut(&redemption) {
            Some(begun) => begun.status = status,
            None => _ = self.uses_gone_on.insert(redemption, status),
        }
    }

    fn add(&mut self, change: &ValueChange, first: i64, numbers: &mut std::slice::Iter<'_, i64>) {
        match change {
            ValueChange::LotGiven { member_id, unit, lot, position } => {
                let given = GivenLot { lot: *lot, position: first + position, free: lot.amount.get(), expired: 0 };
                self.given.insert(((member_id.0, unit.to_string()), lot.lot_id.0), given);
            }
            ValueChange::LotMoved { member_id, unit, lot_id, free, expired } => {
                let key = ((member_id.0, unit.to_string()), lot_id.0);
                let row = match self.given.get_mut(&key) {
                    Some(given) => (&mut given.free, &mut given.expired),
                    None => {
                        let (free, expired) = self.moved.entry(key).or_default();
                        (free, expired)
                    }
                };
                *row.0 += free;
                *row.1 += expired;
            }
            ValueChange::HoldBegun { member_id, unit, hold, expires_at, lots } => {
                let (id, held_by) = row_of(*hold);
                let begun = BegunHold {
                    wallet: (member_id.0, unit.to_string()),
                    held_by,
                    expires_at: *expires_at,
                    lots: array(lots, |part| part.lot_id),
                    amounts: array(lots, |part| part.amount.get()),
                };
                self.begun.insert(id, begun);
            }
            ValueChange::HoldEnded { hold } => {
                let (id, _) = row_of(*hold);
                if self.begun.remove(&id).is_none() {
                    self.ended.insert(id);
                }
            }
            ValueChange::Owed { member_id, unit, amount } => {
                *self.owed.entry((member_id.0, unit.to_string())).or_default() += amount;
            }
            ValueChange::Acted(act) => self.acts.push(act.clone()),
            ValueChange::Counted { scope, unit, day, amount } => {
                *self.spent.entry((spent::row_of(*scope), unit.clone(), *day)).or_default() += amount;
            }
            ValueChange::CouponUsed { redemption_id, claim_id, status, begins: Some(expires_at) } => {
                let begun = BegunUse { claim: claim_id.0, status: status.name(), expires_at: *expires_at };
                self.uses_begun.insert(redemption_id.0, begun);
            }
            ValueChange::CouponUsed { redemption_id, status, begins: None, .. } => {
                self.go_on(redemption_id.0, status.name());
            }
            ValueChange::CouponGranted { reward_id, claim_id } => {
                // there are as many numbers as coupons
                let number = numbers.next().copied().unwrap_or_default();
                self.coupons.insert((reward_id.0, number), claim_id.0);
            }
        }
    }
}

/// The lots from which several commands of one batch take. Whether each finds enough is checked on the row behind the whole
/// batch, which would not show that one took before another gave back: such commands are not written together.
#[derive(Debug, Default)]
pub(crate) struct TouchedLots {
    lots: BTreeMap<LotId, bool>,
    /// Uses of coupons that begin: a reference that stands for two of them at once would show as one row.
    uses: BTreeSet<RedemptionId>,
}

impl TouchedLots {
    /// Notes what a command does; `false`: it must not be written together with those before it.
    pub(crate) fn take_in(&mut self, changes: &[ValueChange]) -> bool {
        let moves = || {
            changes.iter().filter_map(|change| match change {
                ValueChange::LotMoved { lot_id, free, .. } => Some((*lot_id, *free > 0)),
                ValueChange::LotGiven { .. }
                | ValueChange::HoldBegun { .. }
                | ValueChange::HoldEnded { .. }
                | ValueChange::Owed { .. }
                | ValueChange::Acted(_)
                | ValueChange::Counted { .. }
                | ValueChange::CouponGranted { .. }
                | ValueChange::CouponUsed { .. } => None,
            })
        };
        let begins = || {
            changes.iter().filter_map(|change| match change {
                ValueChange::CouponUsed { redemption_id, begins: Some(_), .. } => Some(*redemption_id),
                ValueChange::LotMoved { .. }
                | ValueChange::LotGiven { .. }
                | ValueChange::HoldBegun { .. }
                | ValueChange::HoldEnded { .. }
                | ValueChange::Owed { .. }
                | ValueChange::Acted(_)
                | ValueChange::Counted { .. }
                | ValueChange::CouponGranted { .. }
                | ValueChange::CouponUsed { .. } => None,
            })
        };
        let meets = |(lot, gives): (LotId, bool)| self.lots.get(&lot).is_some_and(|given| *given || gives);
        if moves().any(meets) || begins().any(|redemption| self.uses.contains(&redemption)) {
            return false;
        }
        for (lot, gives) in moves() {
            *self.lots.entry(lot).or_default() |= gives;
        }
        self.uses.extend(begins());
        true
    }
}

/// The id of a hold's row, and what it is the id of.
pub(crate) fn row_of(hold: HoldId) -> (Uuid, &'static str) {
    match hold {
        HoldId::Spend(id) => (id.0, "spend"),
        HoldId::Claim(id) => (id.0, "claim"),
    }
}

fn array<T: std::fmt::Display>(lots: &[Portion], of: impl Fn(&Portion) -> T) -> String {
    let mut text = String::from("{");
    for (index, part) in lots.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // writing to a string cannot fail
        let _ = write!(text, "{comma}{}", of(part));
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use domain::coupon::UseStatus;
    use domain::id::{ClaimId, MemberId, SpendId};
    use domain::value::UnitCode;

    use super::*;

    fn lot(number: u128) -> LotId {
        LotId(Uuid::from_u128(number))
    }

    fn moved(number: u128, free: i64) -> ValueChange {
        ValueChange::LotMoved {
            member_id: MemberId::default(),
            unit: UnitCode::points(),
            lot_id: lot(number),
            free,
            expired: 0,
        }
    }

    #[test]
    fn commands_that_only_take_are_written_together_and_one_that_gives_back_is_not() {
        let mut touched = TouchedLots::default();
        assert!(touched.take_in(&[moved(1, -10)]));
        assert!(touched.take_in(&[moved(1, -10), moved(2, -5)]));
        assert!(!touched.take_in(&[moved(1, 5)]), "what it gives back came too late for those before it");
        assert!(touched.take_in(&[moved(3, 5)]));
        assert!(!touched.take_in(&[moved(3, -1)]));
        assert!(touched.take_in(&[moved(4, 1), moved(4, -1)]), "one command is in its own order");
    }

    #[test]
    fn a_reference_does_not_stand_for_two_uses_in_one_batch() {
        let begins = |claim: u128| ValueChange::CouponUsed {
            redemption_id: RedemptionId(Uuid::from_u128(5)),
            claim_id: ClaimId(Uuid::from_u128(claim)),
            status: UseStatus::Captured,
            begins: Some(None),
        };
        let mut touched = TouchedLots::default();
        assert!(touched.take_in(&[begins(1)]));
        assert!(!touched.take_in(&[begins(2)]));
    }

    #[test]
    fn a_row_is_written_once_and_what_begins_and_ends_in_a_batch_has_none() {
        let mut totals = ValueTotals::default();
        totals.add_all(&[moved(1, -10)], 5, &[]);
        totals.add_all(&[moved(1, -20)], 6, &[]);
        let (member_id, unit) = (MemberId::default(), UnitCode::points());
        let hold = HoldId::Spend(SpendId(Uuid::from_u128(9)));
        let lots = vec![Portion::of(lot(1), 20).unwrap(), Portion::of(lot(2), 1).unwrap()];
        totals.add_all(&[ValueChange::HoldBegun { member_id, unit, hold, expires_at: Moment::EPOCH, lots }], 6, &[]);
        let begun = &totals.begun[&Uuid::from_u128(9)];
        assert_eq!(begun.amounts, "{20,1}");
        assert_eq!(begun.lots, format!("{{{},{}}}", Uuid::from_u128(1), Uuid::from_u128(2)));
        totals.add_all(&[ValueChange::HoldEnded { hold }], 7, &[]);
        assert!(totals.begun.is_empty() && totals.ended.is_empty());
        assert_eq!(totals.moved.values().copied().collect::<Vec<_>>(), [(-30, 0)]);
    }
}
