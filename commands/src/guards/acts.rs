//! What a person may do only so often, or only so much of, on one day: adjustments that they post alone, transfers that they
//! send. Each has a number of its day, which its event tells: the next one is decided on all before it, and two that were decided
//! on the same ones have the same number. Which is refused then, and how often is too often, is not known here.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::adjustment::AdjustmentEvent;
use domain::id::MemberId;
use domain::transfer::TransferEvent;
use domain::value::UnitCode;

use super::value::ValueChange;

/// What is limited by the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActKind {
    /// Staff have changed a wallet alone.
    Adjustment,
    /// A member has sent something.
    Transfer,
}

impl ActKind {
    /// The name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Adjustment => "adjustment",
            Self::Transfer => "transfer",
        }
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What was done.
    pub kind: ActKind,
    /// By whom.
    pub actor: MemberId,
    /// With which unit.
    pub unit: UnitCode,
    /// On which day.
    pub day: NaiveDate,
    /// Its number of that day, from 1.
    pub number: i64,
    /// How much was given, taken or sent.
    pub amount: i64,
}

impl Act {
    pub(super) fn of_adjustment(event: &AdjustmentEvent) -> Option<Self> {
        match event {
            AdjustmentEvent::Posted(posted) => Some(Self {
                kind: ActKind::Adjustment,
                actor: posted.about.operator_id,
                unit: posted.about.unit.clone(),
                day: posted.on,
                number: posted.number,
                amount: posted.about.amount.get().abs(),
            }),
            AdjustmentEvent::Requested(_) | AdjustmentEvent::Approved(_) | AdjustmentEvent::Rejected(_) => None,
        }
    }

    pub(super) fn of_transfer(event: &TransferEvent) -> Option<Self> {
        match event {
            TransferEvent::Sent(sent) => Some(Self {
                kind: ActKind::Transfer,
                actor: sent.about.member_id,
                unit: sent.about.unit.clone(),
                day: sent.on,
                number: sent.number,
                amount: sent.about.amount.get(),
            }),
            TransferEvent::Received(_) => None,
        }
    }

    /// Any one.
    #[cfg(test)]
    pub(crate) fn sample(number: i64) -> Self {
        Self {
            kind: ActKind::Transfer,
            actor: MemberId::default(),
            unit: UnitCode::points(),
            day: NaiveDate::default(),
            number,
            amount: 5,
        }
    }
}

/// The numbers that are taken in one batch. The key of the table would refuse the second of two, and with it the whole batch:
/// that one is decided anew at once.
#[derive(Debug, Default)]
pub(crate) struct TouchedDays(BTreeSet<(ActKind, MemberId, UnitCode, NaiveDate, i64)>);

impl TouchedDays {
    /// Notes what a command does; `false`: it must not be written together with those before it.
    pub(crate) fn take_in(&mut self, changes: &[ValueChange]) -> bool {
        changes
            .iter()
            .filter_map(acted)
            .all(|act| self.0.insert((act.kind, act.actor, act.unit.clone(), act.day, act.number)))
    }
}

/// What is limited by the day of a change, if it is that.
pub(super) fn acted(change: &ValueChange) -> Option<&Act> {
    match change {
        ValueChange::Acted(act) => Some(act),
        ValueChange::LotGiven { .. }
        | ValueChange::LotMoved { .. }
        | ValueChange::HoldBegun { .. }
        | ValueChange::HoldEnded { .. }
        | ValueChange::Owed { .. }
        | ValueChange::Counted { .. }
        | ValueChange::CouponGranted { .. }
        | ValueChange::CouponUsed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_commands_of_a_batch_with_the_same_number_the_second_is_decided_anew() {
        let mut days = TouchedDays::default();
        assert!(days.take_in(&[ValueChange::Acted(Act::sample(1))]));
        assert!(days.take_in(&[ValueChange::Acted(Act::sample(2))]));
        assert!(!days.take_in(&[ValueChange::Acted(Act::sample(2))]));
        let other = Act { kind: ActKind::Adjustment, ..Act::sample(2) };
        assert!(days.take_in(&[ValueChange::Acted(other)]));
    }
}
